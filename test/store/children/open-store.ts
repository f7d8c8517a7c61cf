// A program that opens a store, as another user where it is told so, does one thing, and prints what came of it.

import { SqliteStore } from '../../../src/store/sqlite-store.js';
import { StoreError } from '../../../src/store/store.js';
import { found, NOW, WHITEEXP } from '../../contract/store-subject.js';

const [path, options, user, ...addresses] = process.argv.slice(2);

if (user !== '') {
  process.setgroups!([]);
  process.setgid!(Number(user));
  process.setuid!(Number(user));
}

try {
  const store = new SqliteStore(path!, JSON.parse(options!));
  for (const address of addresses) await store.add(address, NOW, WHITEEXP);
  process.stdout.write(
    `${JSON.stringify({ addresses: (await found(store, '::/0')).map(record => record.address) })}\n`,
  );
  await store.close();
} catch (error) {
  if (!(error instanceof StoreError)) throw error;
  process.stdout.write(`${JSON.stringify({ code: error.code, message: error.message })}\n`);
}
