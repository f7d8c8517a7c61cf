// A record in the format of spamdb(8).

import { isTrapped } from '../whitelist/entry.js';
import type { StoreRecord } from './store.js';

/** The line that `spamdb` prints for a record, without its end. Nothing is escaped: spamdb escapes nothing. */
export function spamdbLine(record: StoreRecord): string {
  if (record.kind === 'spamtrap') return `SPAMTRAP|${record.address}`;
  const { first, pass, expire, bcount, pcount } = record.entry;
  const times = `${first}|${pass}|${expire}|${bcount}|${pcount}`;
  if (record.kind === 'tuple')
    return `GREY|${record.address}|${record.helo}|${record.from}|${record.to}|${times}`;
  if (isTrapped(record.entry)) return `TRAPPED|${record.address}|${expire}`;
  return `WHITE|${record.address}|||${times}`;
}
