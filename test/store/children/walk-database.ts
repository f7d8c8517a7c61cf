// A program that walks through a whole database in one of several ways, and prints how many records and how much memory.

import { SqliteStore } from '../../../src/store/sqlite-store.js';
import type { SortKey } from '../../../src/store/store.js';
import { NOW, WHITEEXP } from '../../contract/store-subject.js';

const [path, how] = process.argv.slice(2);
const store = new SqliteStore(path!, { isReadOnly: true });
const records =
  how === 'find'
    ? store.find({ words: [0, 0, 0, 0], bits: 0 })
    : store.list({ now: NOW, whiteexpSeconds: WHITEEXP, sort: how as SortKey });
let count = 0;
for await (const { address } of records) if (address !== '') count++;
await store.close();
process.stdout.write(`${JSON.stringify({ count, mebibytes: process.resourceUsage().maxRSS / 1024 })}\n`);
