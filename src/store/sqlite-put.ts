// Puts records of another database into an SQLite database.

import type { Database, Statement } from 'better-sqlite3';
import { canonicalAddress } from '../address/address.js';
import { type Entry, exactTime } from '../whitelist/entry.js';
import { encodeText } from './spamdb-text.js';
import { lowerSpamtrap } from './spamtrap.js';
import { hasTable } from './sqlite-schema.js';
import { prepareImportSighting, writeSighting } from './sqlite-sightings.js';
import type { StoreRecord } from './store.js';
import { mergeRecord, type PutOutcome } from './transfer.js';

// Text that is no UTF-8 is bound as bytes.
const KEY = `ip = CAST(? AS TEXT) AND helo = CAST(? AS TEXT) AND "from" = CAST(? AS TEXT) AND "to" = CAST(? AS TEXT)`;

type Key = [ip: Buffer, helo: Buffer, from: Buffer, to: Buffer];

/**
 * A record as an SQLite database keeps it, its address in canonical text or a spamtrap in lower case; undefined for one
 * without an address, or with a NUL in its text.
 */
export function sqliteForm(record: StoreRecord): StoreRecord | undefined {
  if (record.kind === 'spamtrap') return lowerSpamtrap(record);
  const address = canonicalAddress(record.address);
  const { helo, from, to } = textsOf(record);
  const isStorable = address !== undefined && ![helo, from, to].some(text => text.includes('\0'));
  return isStorable ? { ...record, address } : undefined;
}

function textsOf(record: StoreRecord): { readonly helo: string; readonly from: string; readonly to: string } {
  return record.kind === 'tuple' ? record : { helo: '', from: '', to: '' };
}

function exact({ first, pass, expire, bcount, pcount }: Entry): Entry {
  return { first: exactTime(first), pass: exactTime(pass), expire: exactTime(expire), bcount, pcount };
}

/** The statements, for one connection. */
export class SqlitePut {
  readonly #findEntry: Statement<Key, Entry>;
  readonly #insertEntry: Statement<unknown[]>;
  readonly #updateEntry: Statement<unknown[]>;
  readonly #findSpamtrap: Statement<[Buffer], number> | undefined;
  readonly #insertSpamtrap: Statement<[Buffer]> | undefined;
  readonly #mergeSighting: Statement<unknown[]> | undefined;

  /** @param withSightings whether the database has our own table, as it has unless it is only read */
  constructor(db: Database, withSightings: boolean) {
    this.#findEntry = db.prepare(`SELECT first, pass, expire, bcount, pcount FROM entries WHERE ${KEY}`);
    this.#insertEntry = db.prepare(
      `INSERT INTO entries(first, pass, expire, bcount, pcount, ip, helo, "from", "to") VALUES
       (?, ?, ?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT))`,
    );
    this.#updateEntry = db.prepare(
      `UPDATE entries SET (first, pass, expire, bcount, pcount) = (?, ?, ?, ?, ?) WHERE ${KEY}`,
    );
    if (hasTable(db, 'spamtraps')) {
      this.#findSpamtrap = db
        .prepare<[Buffer], number>('SELECT 1 FROM spamtraps WHERE address = CAST(? AS TEXT)')
        .pluck();
      this.#insertSpamtrap = db.prepare('INSERT INTO spamtraps VALUES (CAST(? AS TEXT))');
    }
    if (withSightings) this.#mergeSighting = prepareImportSighting(db);
  }

  /** To be called in a transaction unless it is dry; see `RecordSink`. */
  put(record: StoreRecord, now: number, isDry: boolean): PutOutcome {
    const stored = sqliteForm(record);
    if (stored === undefined) return 'unsupported';
    const { address } = stored;
    if (record.kind === 'spamtrap') return this.#putSpamtrap(encodeText(address), isDry);
    const { helo, from, to } = textsOf(record);
    const key: Key = [encodeText(address), encodeText(helo), encodeText(from), encodeText(to)];
    const found = this.#findEntry.get(...key);
    const before = found && { ...record, entry: exact(found) };
    const merged = mergeRecord(before, record, now);
    if (isDry) return merged.outcome;
    if (merged.record && merged.record.kind !== 'spamtrap') {
      const { first, pass, expire, bcount, pcount } = merged.record.entry;
      const statement = found ? this.#updateEntry : this.#insertEntry;
      statement.run(first, pass, expire, bcount, pcount, ...key);
    }
    if (record.kind === 'address' && record.sighting && this.#mergeSighting && merged.outcome !== 'expired') {
      writeSighting(this.#mergeSighting, { address, ...record.sighting });
    }
    return merged.outcome;
  }

  #putSpamtrap(address: Buffer, isDry: boolean): PutOutcome {
    if (this.#findSpamtrap?.get(address)) return 'kept';
    if (!isDry) this.#insertSpamtrap!.run(address);
    return 'added';
  }
}
