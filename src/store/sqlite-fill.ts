// The first batch of a database, which may be a large one: nothing has to be looked for, so rows go in many at a time.

import type { Database, Statement } from 'better-sqlite3';
import { isIpv4Words } from '../address/address.js';
import { type Batch, DIRECTION, FIELD, type LogRule } from '../whitelist/batch.js';
import { applySightings, type Entry } from '../whitelist/entry.js';

/** Rows of a statement; more of them make it no faster. */
const ROWS = 50;
/** Values of a row: the address, two times, two counts, and the rule with the direction. */
const VALUES = 6;

/** An entry that the sightings alone do not tell. */
export interface OddEntry {
  readonly address: string;
  readonly entry: Entry;
}

/**
 * Fills the empty tables of entries and sightings, within the caller's transaction.
 * @param expires takes the rows' ends of life, in seconds since the epoch
 * @returns the entries that have to be written over: those of which a sighting came late, or after an entry's end
 */
export function fillTables(
  db: Database,
  batch: Batch,
  whiteexpSeconds: number,
  expires: Float64Array,
): OddEntry[] {
  makeRules(db, batch.rules);
  const odd = insertSightings(db, batch, whiteexpSeconds, expires);
  db.prepare(
    `INSERT INTO entries(ip, helo, "from", "to", first, pass, expire, bcount, pcount)
     SELECT ip, '', '', '', first_seen, first_seen, last_seen + ?, 1, inbound + outbound - 1 FROM sightings`,
  ).run(whiteexpSeconds);
  db.exec('DROP TABLE temp.batch_rules');
  return odd;
}

/** What many rows share is bound once, not with every row. */
function makeRules(db: Database, rules: readonly LogRule[]): void {
  db.exec('CREATE TEMP TABLE batch_rules(id INTEGER PRIMARY KEY, interface, ruleset, rulenr, subrulenr)');
  const insert = db.prepare('INSERT INTO temp.batch_rules VALUES (?, ?, ?, ?, ?)');
  rules.forEach((rule, id) => {
    insert.run(id, rule.interface, rule.ruleset, rule.rulenr, rule.subrulenr);
  });
}

function prepareInsert(db: Database, rows: number): Statement<unknown[]> {
  const values = new Array(rows).fill(`(${new Array(VALUES).fill('?').join(', ')})`).join(', ');
  return db.prepare(
    `INSERT INTO sightings(ip, first_seen, last_seen, last_direction, inbound, outbound,
       interface, ruleset, rulenr, subrulenr)
     SELECT column1, column2, column3, iif(column6 & 1, 'in', 'out'), column4, column5,
       interface, ruleset, rulenr, subrulenr
     FROM (VALUES ${values}) CROSS JOIN temp.batch_rules ON id = column6 >> 2`,
  );
}

function insertSightings(
  db: Database,
  batch: Batch,
  whiteexpSeconds: number,
  expires: Float64Array,
): OddEntry[] {
  const odd: OddEntry[] = [];
  const { words } = batch;
  let full: Statement<unknown[]> | undefined;
  const values = new Array<unknown>(ROWS * VALUES);
  let filled = 0;
  for (const row of rowsInOrder(batch)) {
    const at = row * FIELD.stride;
    const address = batch.address(row);
    const lastSeen = words[at + FIELD.runLatest]!;
    const firstSeen = words[at + FIELD.firstSeen]!;
    // Nearly all are one run from their first sighting on, which is what the statement for the entries takes them for.
    if (words[at + FIELD.runStart] === firstSeen && words[at + FIELD.runCount] === words[at + FIELD.count]) {
      expires[row] = lastSeen + whiteexpSeconds;
    } else {
      const { entry } = applySightings(undefined, batch.row(row), whiteexpSeconds);
      odd.push({ address, entry });
      expires[row] = entry.expire;
    }
    values[filled++] = address;
    values[filled++] = firstSeen;
    values[filled++] = lastSeen;
    values[filled++] = words[at + FIELD.inbound]!;
    values[filled++] = words[at + FIELD.outbound]!;
    values[filled++] = originOf(batch, row);
    if (filled < values.length) continue;
    full ??= prepareInsert(db, ROWS);
    insertRows(full, values);
    filled = 0;
  }
  if (filled > 0) insertRows(prepareInsert(db, filled / VALUES), values.slice(0, filled));
  return odd;
}

function insertRows(insert: Statement<unknown[]>, values: unknown[]): void {
  const { changes } = insert.run(values);
  if (changes !== values.length / VALUES)
    throw new Error('a sighting names a rule that its batch does not have');
}

/** The rule's number, and bit 0 for inbound. */
function originOf({ words }: Batch, row: number): number {
  const at = row * FIELD.stride;
  return words[at + FIELD.rule]! * 4 + (words[at + FIELD.lastDirection] === DIRECTION.in ? 1 : 0);
}

/** Octets by their place in the order of their texts, which is that of an index of texts. */
const OCTET_RANK: Uint8Array = rankOctets();

function rankOctets(): Uint8Array {
  const ranks = new Uint8Array(256);
  const texts = Array.from(ranks, (_, octet) => String(octet)).sort();
  texts.forEach((text, rank) => {
    ranks[Number(text)] = rank;
  });
  return ranks;
}

const MAXIMUM_SORTED = 2 ** 21;
const HALF_BITS = 16;
const HALF = 2 ** HALF_BITS;

/** The rows, IPv4 in the order of the addresses' texts: an index that only grows at its end is written fastest. */
function rowsInOrder(batch: Batch): Uint32Array {
  const rows = Uint32Array.from({ length: batch.length }, (_, row) => row);
  if (batch.length > MAXIMUM_SORTED) return rows;
  const keys = rows.map(row => textRank(batch, row));
  return sortByHalf(sortByHalf(rows, keys, 0), keys, HALF_BITS);
}

/** Sorts rows by 16 bits of their keys, and leaves those with the same bits in their order. */
function sortByHalf(rows: Uint32Array, keys: Uint32Array, shift: number): Uint32Array {
  const starts = new Uint32Array(HALF + 1);
  for (const row of rows) starts[((keys[row]! >>> shift) & (HALF - 1)) + 1]!++;
  for (let half = 0; half < HALF; half++) starts[half + 1]! += starts[half]!;
  const sorted = new Uint32Array(rows.length);
  for (const row of rows) sorted[starts[(keys[row]! >>> shift) & (HALF - 1)]!++] = row;
  return sorted;
}

/** 32 bits; IPv6 is behind all of IPv4. */
function textRank({ words }: Batch, row: number): number {
  const at = row * FIELD.stride;
  if (!isIpv4Words(words[at]!, words[at + 1]!, words[at + 2]!)) return 0xffff_ffff;
  const word = words[at + 3]!;
  const rank = (shift: number): number => OCTET_RANK[(word >>> shift) & 255]!;
  return rank(24) * 0x1000000 + rank(16) * 0x10000 + rank(8) * 0x100 + rank(0);
}
