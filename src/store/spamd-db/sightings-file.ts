// The database of sightings beside spamd's: an SQLite file with our own table alone.

import type { Database, Statement } from 'better-sqlite3';
import type { Batch } from '../../whitelist/batch.js';
import { sqliteError } from '../sqlite-errors.js';
import { openSqlite } from '../sqlite-open.js';
import type { SqliteOptions } from '../sqlite-options.js';
import { SIGHTINGS_SCHEMA } from '../sqlite-schema.js';
import { prepareImportSighting, prepareMergeSighting, writeSighting } from '../sqlite-sightings.js';
import type { Sighting } from '../store.js';
import type { SeenAddress } from './sightings-book.js';

interface Row {
  readonly ip: string;
  readonly first_seen: number;
  readonly last_seen: number;
  readonly last_direction: 'in' | 'out';
  readonly inbound: number;
  readonly outbound: number;
  readonly interface: string;
  readonly ruleset: string;
  readonly rulenr: number | null;
  readonly subrulenr: number | null;
}

/** What a book does, on the thread that calls it; see `SightingsBook`. Errors are `StoreError`s. */
export class SightingsFile {
  readonly #db: Database;
  readonly #name: string;
  readonly #find: Statement<[string], Row>;

  /** @throws {StoreError} */
  constructor(path: string, options: SqliteOptions) {
    this.#name = `"${path}"`;
    this.#db = openSqlite(path, options, SIGHTINGS_SCHEMA);
    this.#find = this.#db.prepare('SELECT * FROM sightings WHERE ip = ?');
  }

  apply(batch: Batch): void {
    this.#write(() => {
      const merge = prepareMergeSighting(this.#db);
      for (const sightings of batch) writeSighting(merge, sightings);
    });
  }

  put(seen: readonly SeenAddress[]): void {
    this.#write(() => {
      const merge = prepareImportSighting(this.#db);
      for (const { address, sighting } of seen) writeSighting(merge, { address, ...sighting });
    });
  }

  get(addresses: readonly string[]): (Sighting | undefined)[] {
    return this.#run('read', () =>
      addresses.map(address => {
        const row = this.#find.get(address);
        return row && toSighting(row);
      }),
    );
  }

  ipv6(): SeenAddress[] {
    return this.#run('read', () =>
      this.#db
        .prepare<[], Row>("SELECT * FROM sightings WHERE ip GLOB '*:*'")
        .all()
        .map(row => ({ address: row.ip, sighting: toSighting(row) })),
    );
  }

  forget(addresses: readonly string[]): void {
    this.#write(() => {
      const forget = this.#db.prepare('DELETE FROM sightings WHERE ip = ?');
      for (const address of addresses) forget.run(address);
    });
  }

  forgetBefore(time: number): void {
    this.#write(() => {
      this.#db.prepare('DELETE FROM sightings WHERE last_seen < ?').run(time);
    });
  }

  close(): void {
    this.#run('close', () => this.#db.close());
  }

  #write(change: () => void): void {
    this.#run('write to', () => this.#db.transaction(change).immediate());
  }

  #run<T>(verb: string, call: () => T): T {
    try {
      return call();
    } catch (cause) {
      throw sqliteError(verb, this.#name, cause);
    }
  }
}

function toSighting(row: Row): Sighting {
  const { first_seen, last_seen, last_direction, inbound, outbound, ruleset, rulenr, subrulenr } = row;
  const rule = { interface: row.interface, ruleset, rulenr, subrulenr };
  return {
    firstSeen: first_seen,
    lastSeen: last_seen,
    lastDirection: last_direction,
    inbound,
    outbound,
    rule,
  };
}
