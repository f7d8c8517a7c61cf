// A program that adds an entry, tells so, and commits when so many milliseconds have gone by.

import Database from 'better-sqlite3';

const [path, address, milliseconds] = process.argv.slice(2);

const db = new Database(path!);
db.exec('BEGIN EXCLUSIVE');
db.prepare(`INSERT INTO entries VALUES (?, '', '', '', 1, 1, 4000000000, 1, 0)`).run(address);
process.stdout.write('locked\n');
setTimeout(() => {
  db.exec('COMMIT');
  db.close();
}, Number(milliseconds));
