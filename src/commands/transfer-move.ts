// Moves records into a database, shows how far it has come, and reports what became of them.

import { openDatabase } from '../daemon/open-database.js';
import type { DatabaseKind } from '../options/database.js';
import { databaseOf } from '../options/settings.js';
import type { Settings } from '../options/table.js';
import { type AskedDatabase, absentDatabase, DryRun, type StoredForm } from '../store/dry-run.js';
import { isMade } from '../store/is-made.js';
import type { Store, StoreRecord } from '../store/store.js';
import { importRecords, type RecordSink, type TransferCounts } from '../store/transfer.js';
import type { Context } from './command.js';
import { formatNumber } from './format.js';
import { Progress } from './progress.js';
import type { Source } from './transfer-endpoint.js';

/** What a move goes by. */
export interface MoveContext extends Pick<Context, 'settings' | 'output' | 'warn'> {
  readonly now: number;
  /** The name of the database that takes the records. */
  readonly into: string;
}

/** Puts the records of a source into the database that is opened; a dry run only looks what is there. @throws {StoreError} */
export async function move(
  source: Source,
  context: MoveContext,
  open: () => Promise<Store & RecordSink>,
): Promise<void> {
  const { settings, output, now, into, warn } = context;
  const isDry = settings['dry-run'];
  const isThere = isMade(databaseOf(settings).path);
  const store = isDry
    ? isThere && (await openDatabase(settings, { isReadOnly: true }, { warn }))
    : await open();
  const sink = isDry ? await dryRunOf(settings, store || undefined) : (store as RecordSink);
  const progress = new Progress(process.stderr);
  try {
    const records = counted(source.records, done => progress.count(done));
    const counts = await importRecords(records, sink, { now, isDry });
    progress.clear();
    output.add(settings.json ? `${JSON.stringify(asJson(counts, source, isDry))}\n` : report());
    function report(): string {
      const head = isDry ? `Dry run: nothing was written to ${into}` : `Written to ${into}`;
      const rows = LABELS.map(([name, label]): [string, number] => [label, counts[name]]);
      if (source.unreadable() > 0) rows.push(['unreadable', source.unreadable()]);
      return [
        head,
        ...rows.map(([label, n]) => `${label.padEnd(14)} ${formatNumber(n).padStart(9)}`),
        '',
      ].join('\n');
    }
  } finally {
    progress.clear();
    if (store) await store.close();
  }
}

/** @param database absent where it would be made */
async function dryRunOf(settings: Settings, database: AskedDatabase | undefined): Promise<RecordSink> {
  const form = await storedFormOf(databaseOf(settings).kind);
  return new DryRun(database ?? absentDatabase(form), form);
}

async function storedFormOf(kind: DatabaseKind): Promise<StoredForm> {
  return kind === 'sqlite'
    ? (await import('../store/sqlite-put.js')).sqliteForm
    : (await import('../store/spamd-db/record.js')).toStorable;
}

const LABELS: readonly (readonly [keyof TransferCounts, string])[] = [
  ['read', 'records'],
  ['added', 'added'],
  ['merged', 'merged'],
  ['kept', 'there already'],
  ['expired', 'expired'],
  ['unsupported', 'not supported'],
];

function asJson(counts: TransferCounts, source: Source, isDryRun: boolean): object {
  return { ...counts, unreadable: source.unreadable(), isDryRun };
}

async function* counted(
  records: AsyncIterable<StoreRecord>,
  onCount: (done: number) => void,
): AsyncGenerator<StoreRecord> {
  let done = 0;
  for await (const record of records) {
    yield record;
    if (++done % 1000 === 0) onCount(done);
  }
}
