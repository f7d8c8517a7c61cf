import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { absentDatabase, DryRun, type StoredForm } from '../../src/store/dry-run.js';
import { toStorable } from '../../src/store/spamd-db/record.js';
import { openSpamdDb } from '../../src/store/spamd-db/spamd-db-store.js';
import { sqliteForm } from '../../src/store/sqlite-put.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import type { Store, StoreRecord } from '../../src/store/store.js';
import { importRecords, type RecordSink, type TransferCounts } from '../../src/store/transfer.js';
import { flock } from './spamd-db/flock.js';
import { temporary } from './sqlite-subject.js';

const NOW = 1000;

const entry = fc.record({
  first: fc.integer({ min: 1, max: 4 }),
  pass: fc.integer({ min: 1, max: 4 }),
  expire: fc.constantFrom(NOW - 1, NOW, NOW + 1, NOW + 2),
  bcount: fc.integer({ min: 0, max: 2 }),
  pcount: fc.constantFrom(-2, -1, 0, 0, 0, 1, 1, 2),
});
/** One again and again, by its other name, too. */
const address = fc.constantFrom(
  ...['192.0.2.1', '192.0.2.1', '192.0.2.1', '::ffff:192.0.2.1'],
  ...['2001:db8::1', '2001:DB8::1', 'x'],
);
const record: fc.Arbitrary<StoreRecord> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('address' as const), address, entry }) },
  fc.record({
    kind: fc.constant('tuple' as const),
    address,
    helo: fc.constantFrom('h', 'a\0b'),
    from: fc.constantFrom('<a>', '<A>'),
    to: fc.constantFrom('<b>', 'x\ny'),
    entry,
  }),
  fc.record({
    kind: fc.constant('spamtrap' as const),
    address: fc.constantFrom('t@example.org', 'T@example.org', 'a\0@'),
  }),
);

interface Kind {
  readonly runs: number;
  readonly form: StoredForm;
  readonly open: (path: string) => Promise<Store & RecordSink>;
}

const KINDS: Readonly<Record<string, Kind>> = {
  sqlite: { runs: 1000, form: sqliteForm, open: async path => new SqliteStore(path, { canCreate: true }) },
  spamd: { runs: 50, form: toStorable, open: path => openSpamdDb({ path, lock: flock, create: true }) },
};

for (const [name, { runs, form, open }] of Object.entries(KINDS)) {
  test(`a dry run counts what the import into ${name} then does, whatever is there and whatever comes`, async () => {
    const { folder, remove } = temporary();
    const path = join(folder, 'x');
    const records = fc.array(record, { maxLength: 8 });
    const same = async (there: readonly StoreRecord[], coming: readonly StoreRecord[]): Promise<void> => {
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
      const importInto = (sink: RecordSink, isDry: boolean): Promise<TransferCounts> =>
        importRecords(coming, sink, { now: NOW, isDry });
      const absent = there.length === 0 && (await importInto(new DryRun(absentDatabase(form), form), true));
      const store = await open(path);
      try {
        // Some of them have ended at the time of the import.
        await store.put(there, 0, false);
        const dry = await importInto(new DryRun(store, form), true);
        const real = await importInto(store, false);
        assert.deepEqual(dry, real);
        if (absent) assert.deepEqual(absent, real);
      } finally {
        await store.close();
      }
    };
    try {
      await fc.assert(fc.asyncProperty(records, records, same), {
        numRuns: runs,
        includeErrorInReport: true,
      });
    } finally {
      remove();
    }
  });
}
