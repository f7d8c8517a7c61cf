// Lists a database of spamd's on standard output, as spamdb does: the program that bench/spamd-db.ts measures.

import { once } from 'node:events';
import { openSpamdDb } from '../src/store/spamd-db/spamd-db-store.js';
import { writeSpamdb } from '../src/store/transfer.js';

const store = await openSpamdDb({ path: process.argv[2] ?? '', lock: () => true });
const records = store.list({ now: 0, whiteexpSeconds: 0, sort: 'database' });
for await (const text of writeSpamdb(records, () => {})) {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
await store.close();
