import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openForChange } from '../../../src/store/spamd-db/hash-file.js';
import { MemoryFile } from '../../../src/store/spamd-db/page-file.js';
import { encodeRecord } from '../../../src/store/spamd-db/record.js';
import { openSpamdDb } from '../../../src/store/spamd-db/spamd-db-store.js';
import { encodeValue } from '../../../src/store/spamd-db/value.js';
import { WorkerBook } from '../../../src/store/spamd-db/worker-book.js';
import { storeContract } from '../../contract/store.js';
import { NOW, WHITEEXP } from '../../contract/store-subject.js';
import { temporary } from '../sqlite-subject.js';
import { flock } from './flock.js';

/** Puts pairs into a file as spamd does. */
async function putPairs(
  path: string,
  pairs: Iterable<{ key: Uint8Array; value: Uint8Array }>,
): Promise<void> {
  const file = new MemoryFile(await readFile(path));
  const changed = openForChange(file, 4096);
  for (const { key, value } of pairs) changed.put(key, value);
  changed.commit(file);
  await writeFile(path, file.bytes);
}

const GARBAGE = ['Z', '192.0.2', 'unknown', '10.0.0.1x', '2001:db8::g', 'hY\xffv'];

storeContract(
  {
    name: 'SpamdDbStore',
    open: async () => {
      const { folder, remove } = temporary();
      const path = join(folder, 'spamd');
      const book = await WorkerBook.open(join(folder, 'sightings'), { canCreate: true });
      const whiteexpSeconds = WHITEEXP;
      const store = await openSpamdDb({ path, lock: flock, create: true, book, whiteexpSeconds });
      return {
        store,
        plant: records =>
          putPairs(
            path,
            records.map(record => encodeRecord(record, NOW)),
          ),
        plantGarbage: async entry => {
          const value = encodeValue(entry);
          await putPairs(
            path,
            GARBAGE.map(key => ({ key: Buffer.from(key, 'latin1'), value })),
          );
          return GARBAGE.length;
        },
        release: async () => {
          await store.close();
          remove();
        },
      };
    },
    gaps: { ipv6: 'spamd deletes the keys of IPv6 addresses within a minute' },
  },
  3,
);
