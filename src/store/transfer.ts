// Moves records between databases and text: import and export, record by record, with a count of what became of each.

import { canonicalAddress } from '../address/address.js';
import { type Entry, entryStatus, isTrapped } from '../whitelist/entry.js';
import { decodeText, encodeText, formatSpamdb, parseSpamdb } from './spamdb-text.js';
import type { StoreRecord } from './store.js';

/**
 * What became of a record that was to be put into a database: it was `added`; `merged` with the entry that was there;
 * `kept` out by an entry that says as much already, or is trapped; it had `expired`; or it is of a kind that the
 * database does not hold (`unsupported`).
 */
export type PutOutcome = 'added' | 'merged' | 'kept' | 'expired' | 'unsupported';

/** A database that records can be put into as they are. */
export interface RecordSink {
  /**
   * Puts records in by the rule of {@link mergeRecord}, all of them in one transaction; gives what became of each, in
   * order. With `isDry` it changes nothing and tells what would become of them.
   */
  put(records: readonly StoreRecord[], now: number, isDry: boolean): Promise<PutOutcome[]>;
}

/**
 * The rule for putting a record where one with the same key may be: what to store, and what that makes of it. Nothing
 * to store when `record` is undefined.
 *
 * Two WHITE entries become one with the earlier beginning, the later end and the higher counts, so that putting the
 * same twice changes nothing. Whatever else is there and has not ended stays: a trap, a tuple, a spamtrap.
 */
export function mergeRecord(
  before: StoreRecord | undefined,
  record: StoreRecord,
  now: number,
): { readonly outcome: PutOutcome; readonly record?: StoreRecord } {
  if (record.kind !== 'spamtrap' && record.entry.expire <= now) return { outcome: 'expired' };
  if (before === undefined) return { outcome: 'added', record };
  if (before.kind === 'spamtrap' || record.kind === 'spamtrap') return { outcome: 'kept' };
  if (before.entry.expire <= now) return { outcome: 'added', record };
  if (record.kind === 'tuple' || isTrapped(before.entry) || isTrapped(record.entry))
    return { outcome: 'kept' };
  const entry = mergeEntries(before.entry, record.entry);
  const isSame = (Object.keys(entry) as (keyof Entry)[]).every(field => entry[field] === before.entry[field]);
  return isSame ? { outcome: 'kept' } : { outcome: 'merged', record: { ...record, entry } };
}

function mergeEntries(a: Entry, b: Entry): Entry {
  return {
    first: Math.min(a.first, b.first),
    pass: Math.min(a.pass, b.pass),
    expire: Math.max(a.expire, b.expire),
    bcount: Math.max(a.bcount, b.bcount),
    pcount: Math.max(a.pcount, b.pcount),
  };
}

/** How many records {@link importRecords} read, and what became of them. */
export type TransferCounts = Readonly<Record<'read' | PutOutcome, number>>;

/** Records per transaction: few enough that the tarpit waits for a moment only. */
const RECORDS_PER_PUT = 2000;

/** Puts all records of a source into a database, a few thousand in memory at a time. */
export async function importRecords(
  source: AsyncIterable<StoreRecord> | Iterable<StoreRecord>,
  sink: RecordSink,
  options: { readonly now: number; readonly isDry: boolean },
): Promise<TransferCounts> {
  const counts = { read: 0, added: 0, merged: 0, kept: 0, expired: 0, unsupported: 0 };
  let records: StoreRecord[] = [];
  const flush = async (): Promise<void> => {
    for (const outcome of await sink.put(records, options.now, options.isDry)) counts[outcome]++;
    counts.read += records.length;
    records = [];
  };
  for await (const record of source) {
    records.push(record);
    if (records.length === RECORDS_PER_PUT) await flush();
  }
  if (records.length > 0) await flush();
  return counts;
}

/** Longer lines are refused; spamd's own have at most some 3200 bytes. */
const LONGEST_LINE = 65_536;

/**
 * The records in spamdb(8)'s text, whatever pieces it comes in. A line that is none goes to `onProblem`, with its
 * number from 1 on and the reason, and is left out.
 */
export async function* readSpamdb(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  onProblem: (line: number, problem: string) => void,
): AsyncGenerator<StoreRecord> {
  let number = 0;
  for await (const line of splitLines(chunks)) {
    number++;
    if (line === undefined) {
      onProblem(number, `it is longer than ${LONGEST_LINE} bytes`);
      continue;
    }
    const parsed = parseSpamdb(decodeText(line));
    if ('record' in parsed) yield parsed.record;
    else onProblem(number, parsed.problem);
  }
}

const NEWLINE = 0x0a;

/** Lines without their newlines; undefined for one that is too long. */
async function* splitLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array | undefined> {
  let rest = Buffer.alloc(0);
  let isTooLong = false;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line =
        rest.length > 0 ? Buffer.concat([rest, chunk.subarray(start, end)]) : chunk.subarray(start, end);
      yield isTooLong || line.length > LONGEST_LINE ? undefined : line;
      rest = Buffer.alloc(0);
      isTooLong = false;
      start = end + 1;
    }
    rest = isTooLong ? rest : Buffer.concat([rest, chunk.subarray(start)]);
    if (rest.length > LONGEST_LINE) {
      isTooLong = true;
      rest = Buffer.alloc(0);
    }
  }
  if (isTooLong) yield undefined;
  else if (rest.length > 0) yield rest;
}

/** Bytes per piece of text that {@link writeSpamdb} gives, about. */
const PIECE_CHARACTERS = 65_536;

/**
 * spamdb(8)'s text of records, in pieces fit to be written one after the other. A record whose text has a line feed would
 * be read as several, which may say anything: it goes to `onProblem`, and is left out.
 */
export async function* writeSpamdb(
  records: AsyncIterable<StoreRecord> | Iterable<StoreRecord>,
  onProblem: (record: StoreRecord) => void,
): AsyncGenerator<Uint8Array> {
  let text = '';
  for await (const record of records) {
    const line = formatSpamdb(record);
    if (line.indexOf('\n') === line.length - 1) text += line;
    else onProblem(record);
    if (text.length < PIECE_CHARACTERS) continue;
    yield encodeText(text);
    text = '';
  }
  if (text !== '') yield encodeText(text);
}

/** Which addresses {@link trustedAddresses} gives. Times are seconds since the epoch. */
export interface TrustOptions {
  readonly now: number;
  /** Only entries made at least so long ago. */
  readonly minAgeSeconds: number;
  /** Only entries that passed at least so many times. */
  readonly minCount: number;
}

/**
 * The canonical addresses of WHITE entries that have been there long enough and passed often enough to be trusted by
 * others too, as bgp-spamd shares them.
 */
export async function* trustedAddresses(
  records: AsyncIterable<StoreRecord> | Iterable<StoreRecord>,
  { now, minAgeSeconds, minCount }: TrustOptions,
): AsyncGenerator<string> {
  for await (const record of records) {
    if (record.kind !== 'address' || entryStatus(record.entry, now) !== 'WHITE') continue;
    if (now - record.entry.first < minAgeSeconds || record.entry.pcount < minCount) continue;
    const address = canonicalAddress(record.address);
    if (address !== undefined) yield address;
  }
}
