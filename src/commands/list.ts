// list: the database, filtered and sorted, one record a line.

import { openDatabase } from '../daemon/open-database.js';
import type { ListSort } from '../options/table.js';
import { formatSpamdb } from '../store/spamdb-text.js';
import type { ListOptions, SortKey, StoreRecord } from '../store/store.js';
import type { Context } from './command.js';
import { EXIT } from './exit-status.js';
import { formatRelative, formatTime, printable } from './format.js';
import { lastSeen, recordJson, recordStatus } from './record-view.js';

const SORT_KEYS: Readonly<Record<ListSort, SortKey>> = {
  database: 'database',
  address: 'address',
  seen: 'lastSeen',
  expire: 'expire',
  first: 'first',
  count: 'pcount',
};

/** Runs the command; status 65 when records were damaged, which are left out. @throws {StoreError} */
export async function run({ settings, output, warn }: Context): Promise<number> {
  const now = settings.at ?? Math.floor(Date.now() / 1000);
  const whiteexpSeconds = settings.whiteexp * 3600;
  const { since } = settings;
  const format = settings.json ? 'json' : settings.format;
  const options: ListOptions = {
    now,
    isStoredOnly: format === 'spamdb',
    whiteexpSeconds,
    sort: SORT_KEYS[settings.sort],
    ...(settings.status.length > 0 && { status: new Set(settings.status) }),
    ...(since !== undefined && { seenSince: 'time' in since ? since.time : now - since.age }),
    ...(settings.expiring !== undefined && { expiringUntil: now + settings.expiring }),
    ...(settings.limit !== undefined && { limit: settings.limit }),
  };
  const describe = {
    json: (record: StoreRecord) => JSON.stringify(recordJson(record, now, whiteexpSeconds)),
    spamdb: (record: StoreRecord) => formatSpamdb(record).slice(0, -1),
    table: (record: StoreRecord) => tableLine(record, now, whiteexpSeconds),
  }[format];
  let status: number = EXIT.ok;
  const onUnreadable = (): void => {
    status = EXIT.dataError;
  };
  const store = await openDatabase(settings, { isReadOnly: true }, { warn, onUnreadable });
  let isFirst = true;
  try {
    for await (const record of store.list(options)) {
      if (isFirst && format === 'table') await output.line(HEADING);
      isFirst = false;
      await output.line(describe(record));
    }
  } finally {
    await store.close();
  }
  return status;
}

const HEADING = `${'STATUS'.padEnd(8)} ${'ADDRESS'.padEnd(39)} ${'LAST SEEN'.padEnd(19)}     ${'EXPIRE'.padEnd(19)}  BLOCKED  PASSED`;

function tableLine(record: StoreRecord, now: number, whiteexpSeconds: number): string {
  const status = recordStatus(record, now).padEnd(8);
  const address = printable(record.address).padEnd(39);
  if (record.kind === 'spamtrap') return `${status} ${address}`.trimEnd();
  const { entry } = record;
  const seen = lastSeen(record, now, whiteexpSeconds);
  const direction = seen?.isDerived ? '~' : (seen?.direction ?? '');
  const time = seen === undefined ? '' : formatTime(seen.time);
  const counts = `${String(entry.bcount).padStart(7)} ${String(Math.max(0, entry.pcount)).padStart(7)}`;
  const sender = record.kind === 'tuple' ? `  ${printable(record.from)} to ${printable(record.to)}` : '';
  const left = formatRelative(entry.expire, now);
  return `${status} ${address} ${time.padEnd(19)} ${direction.padEnd(3)} ${formatTime(entry.expire)}  ${counts}  ${left}${sender}`;
}
