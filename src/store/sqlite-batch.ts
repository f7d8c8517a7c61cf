// Applies a batch of sightings to an SQLite database: at most one row of each table an address, in one transaction.

import type { Database, Statement } from 'better-sqlite3';
import type { Batch } from '../whitelist/batch.js';
import { applySightings, type Entry } from '../whitelist/entry.js';
import { type BatchResult, OUTCOMES } from './store.js';

const OWN_ROW = "helo = '' AND \"from\" = '' AND \"to\" = ''";

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
  readonly #putSighting: Statement<unknown[]>;

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
    this.#putSighting = db.prepare(
      `INSERT INTO sightings(ip, first_seen, last_seen, last_direction, inbound, outbound, interface, ruleset, rulenr, subrulenr)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT(ip) DO UPDATE SET
         first_seen = min(first_seen, excluded.first_seen),
         last_direction = iif(excluded.last_seen >= last_seen, excluded.last_direction, last_direction),
         interface = iif(excluded.last_seen >= last_seen, excluded.interface, interface),
         ruleset = iif(excluded.last_seen >= last_seen, excluded.ruleset, ruleset),
         rulenr = iif(excluded.last_seen >= last_seen, excluded.rulenr, rulenr),
         subrulenr = iif(excluded.last_seen >= last_seen, excluded.subrulenr, subrulenr),
         last_seen = max(last_seen, excluded.last_seen),
         inbound = inbound + excluded.inbound,
         outbound = outbound + excluded.outbound`,
    );
  }

  /** One transaction; what it throws is SQLite's. */
  apply(batch: Batch, whiteexpSeconds: number): BatchResult {
    const outcomes = new Uint8Array(batch.length);
    const expires = new Float64Array(batch.length);
    this.#db
      .transaction(() => {
        const isFresh = this.#db.prepare('SELECT 1 FROM entries LIMIT 1').get() === undefined;
        for (let row = 0; row < batch.length; row++) {
          const sightings = batch.row(row);
          const { address } = sightings;
          const before = isFresh ? undefined : this.#find.get(address);
          const { outcome, entry } = applySightings(before, sightings, whiteexpSeconds);
          if (outcome !== 'trapped') this.#writeEntry(address, before?.rowid, entry);
          this.#writeSighting(sightings);
          outcomes[row] = OUTCOMES.indexOf(outcome);
          expires[row] = entry.expire;
        }
      })
      .immediate();
    return { outcomes, expires };
  }

  #writeEntry(address: string, rowid: number | undefined, entry: Entry): void {
    const { first, pass, expire, bcount, pcount } = entry;
    if (rowid === undefined) this.#insertEntry.run(address, first, pass, expire, bcount, pcount);
    else this.#updateEntry.run(first, pass, expire, bcount, pcount, rowid);
  }

  #writeSighting(sightings: ReturnType<Batch['row']>): void {
    const { address, firstSeen, lastSeen, lastDirection, inbound, outbound, rule } = sightings;
    const { interface: interfaceName, ruleset, rulenr, subrulenr } = rule;
    this.#putSighting.run(
      address,
      firstSeen,
      lastSeen,
      lastDirection,
      inbound,
      outbound,
      interfaceName,
      ruleset,
      rulenr,
      subrulenr,
    );
  }
}
