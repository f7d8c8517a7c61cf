// A program that writes batch after batch until it is killed, and tells of each one that it has written.

import { writeSync } from 'node:fs';
import { SqliteStore } from '../../../src/store/sqlite-store.js';
import { batchOf, NOW, WHITEEXP } from '../../contract/store-subject.js';

const [path, size] = process.argv.slice(2);
const store = new SqliteStore(path!, { canCreate: true });

for (let number = 1; ; number++) {
  const seen = Array.from({ length: Number(size) }, (_, i) => ({
    address: `10.${number}.${i >> 8}.${i & 255}`,
    time: NOW,
  }));
  await store.applyBatch(batchOf(seen), WHITEEXP);
  writeSync(1, `${number}\n`);
}
