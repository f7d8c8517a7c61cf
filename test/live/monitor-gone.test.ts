import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { synStream } from '../integration/pflog-stream.js';
import { inFolder, isAlive, makeFifo, openFifo, until } from '../integration/running-daemon.js';
import { CANNOT_RUN, Namespace } from './table-netns.js';

const SETS = `table inet filter {
  set white4 { type ipv4_addr; flags timeout; }
  set white6 { type ipv6_addr; flags timeout; }
}
`;

test('an engine whose monitor was killed ends, though it has tables to change and peers to tell', {
  skip: CANNOT_RUN,
}, async t => {
  const namespace = new Namespace();
  t.after(() => namespace.remove());
  namespace.nft(SETS);
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const table = ['--table', 'nft:inet:filter:white4:white6'];
    const daemon = folder.startAsRoot(namespace.prefix, '-l', './log', ...table, '-Y', '127.0.0.1');
    await daemon.logged(/^capturing on /i);
    await daemon.logged(/ is in line with the database: /);
    const engine = Number(readFileSync(folder.at('db.lock'), 'utf8'));
    t.after(() => isAlive(engine) && process.kill(engine, 'SIGKILL'));
    const other = new Database(folder.database);
    t.after(() => other.close());
    other.exec('BEGIN IMMEDIATE');
    const writer = await openFifo(folder.at('log'));
    writer.end(synStream(['192.0.2.1']));
    await until(() => folder.status().database.waiting === 1);
    daemon.process.kill('SIGKILL');
    await daemon.logged(/^the monitor is gone$/);
    other.exec('ROLLBACK');
    await until(() => !isAlive(engine));
    assert.deepEqual(
      folder.rows().map(({ ip }) => ip),
      ['192.0.2.1'],
    );
  });
});
