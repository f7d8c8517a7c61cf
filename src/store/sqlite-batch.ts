// Applies a batch of sightings to an SQLite database: at most one row of each table an address, in one transaction.

import type { Database, Statement } from 'better-sqlite3';
import type { Batch } from '../whitelist/batch.js';
import { applySightings, type Entry } from '../whitelist/entry.js';
import { fillTables } from './sqlite-fill.js';
import { prepareMergeSighting, writeSighting } from './sqlite-sightings.js';
import { type BatchResult, OUTCOMES } from './store.js';

const OWN_ROW = "helo = '' AND \"from\" = '' AND \"to\" = ''";

const ADDED = OUTCOMES.indexOf('added');

/** An address's own row as greyd keeps it. */
interface EntryRow extends Entry {
  readonly rowid: number;
}

/** The prepared statements, for one connection. */
export class SqliteBatchWriter {
  readonly #db: Database;
  readonly #find: Statement<[string], EntryRow>;
  readonly #insertEntry: Statement<unknown[]>;
  readonly #updateEntry: Statement<unknown[]>;
  readonly #prolongEntry: Statement<unknown[]>;
  readonly #countEntry: Statement<unknown[]>;
  readonly #mergeSighting: Statement<unknown[]>;

  constructor(db: Database) {
    this.#db = db;
    this.#find = db.prepare(
      `SELECT rowid, first, pass, expire, bcount, pcount FROM entries WHERE ip = ? AND ${OWN_ROW}`,
    );
    this.#insertEntry = db.prepare(
      `INSERT INTO entries(ip, helo, "from", "to", first, pass, expire, bcount, pcount)
       VALUES (?, '', '', '', ?, ?, ?, ?, ?)`,
    );
    this.#updateEntry = db.prepare(
      'UPDATE entries SET first = ?, pass = ?, expire = ?, bcount = ?, pcount = ? WHERE rowid = ?',
    );
    // What does not change is not written: it may be a time that no number here can hold.
    this.#prolongEntry = db.prepare('UPDATE entries SET pcount = ?, expire = ? WHERE rowid = ?');
    this.#countEntry = db.prepare('UPDATE entries SET pcount = ? WHERE rowid = ?');
    this.#mergeSighting = prepareMergeSighting(db);
  }

  /** One transaction; what it throws is SQLite's. What became of the rows is written to the result. */
  apply(batch: Batch, whiteexpSeconds: number, { outcomes, expires }: BatchResult): void {
    const isFresh = (): boolean => this.#isEmpty('entries') && this.#isEmpty('sightings');
    this.#db
      .transaction(() => {
        if (isFresh()) {
          outcomes.fill(ADDED);
          this.#fill(batch, whiteexpSeconds, expires);
        } else this.#update(batch, whiteexpSeconds, outcomes, expires);
      })
      .immediate();
  }

  #update(batch: Batch, whiteexpSeconds: number, outcomes: Uint8Array, expires: Float64Array): void {
    for (let row = 0; row < batch.length; row++) {
      const sightings = batch.row(row);
      const { address } = sightings;
      const before = this.#find.get(address);
      const { outcome, entry } = applySightings(before, sightings, whiteexpSeconds);
      if (outcome === 'added') this.#writeEntry(address, before?.rowid, entry);
      else if (outcome === 'refreshed') this.#refresh(before!, entry);
      writeSighting(this.#mergeSighting, sightings);
      outcomes[row] = OUTCOMES.indexOf(outcome);
      expires[row] = entry.expire;
    }
  }

  #fill(batch: Batch, whiteexpSeconds: number, expires: Float64Array): void {
    for (const { address, entry } of fillTables(this.#db, batch, whiteexpSeconds, expires)) {
      this.#writeEntry(address, this.#find.get(address)!.rowid, entry);
    }
  }

  #refresh({ rowid, expire }: EntryRow, entry: Entry): void {
    if (entry.expire > expire) this.#prolongEntry.run(entry.pcount, entry.expire, rowid);
    else this.#countEntry.run(entry.pcount, rowid);
  }

  #writeEntry(address: string, rowid: number | undefined, entry: Entry): void {
    const { first, pass, expire, bcount, pcount } = entry;
    if (rowid === undefined) this.#insertEntry.run(address, first, pass, expire, bcount, pcount);
    else this.#updateEntry.run(first, pass, expire, bcount, pcount, rowid);
  }

  #isEmpty(table: string): boolean {
    return this.#db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() === undefined;
  }
}
