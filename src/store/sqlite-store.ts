// The whitelist in an SQLite file shared with greyd. Calls run to their end on the thread that makes them.

import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { canonicalAddress } from '../address/address.js';
import type { Prefix } from '../address/prefix.js';
import type { Batch } from '../whitelist/batch.js';
import { addByHand, type Entry, trapByHand } from '../whitelist/entry.js';
import { SqliteBatchWriter } from './sqlite-batch.js';
import { sqliteError } from './sqlite-errors.js';
import { findRecords, listRecords } from './sqlite-query.js';
import { checkSchema, ensureSchema, hasSightings } from './sqlite-schema.js';
import { applyStatements } from './sqlite-sync.js';
import {
  type AddressRecord,
  type AddressStatement,
  type BatchResult,
  type ListOptions,
  type Store,
  StoreError,
  type StoreRecord,
  type SyncResult,
  type TupleRecord,
} from './store.js';

/** How to open a database. */
export interface SqliteOptions {
  /** Only read; the file must exist, and is not changed in any way. */
  readonly isReadOnly?: boolean;
  /** Make the file, and the folder it is in, when it does not exist. */
  readonly canCreate?: boolean;
  /** How long to wait for other programs' locks, in milliseconds. */
  readonly busyTimeoutMs?: number;
}

/** As long as greyd may hold its lock several times over. */
export const DEFAULT_BUSY_TIMEOUT_MS = 30_000;

const OWN_ROW = "ip = ? AND helo = '' AND \"from\" = '' AND \"to\" = ''";

/** A {@link Store} on an SQLite file. */
export class SqliteStore implements Store {
  readonly #db: Database.Database;
  readonly #name: string;
  readonly #hasSightings: boolean;
  #writer: SqliteBatchWriter | undefined;

  /** @throws {StoreError} */
  constructor(path: string, options: SqliteOptions = {}) {
    this.#name = `"${path}"`;
    const { isReadOnly = false, canCreate = false, busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS } = options;
    const verb = existsSync(path) ? 'open' : 'create';
    if (verb === 'create' && !canCreate) {
      throw new StoreError('missing', `Cannot open store ${this.#name}: no such file`);
    }
    let db: Database.Database | undefined;
    try {
      if (verb === 'create') makeFolder(dirname(path));
      db = new Database(path, { readonly: isReadOnly, fileMustExist: !canCreate, timeout: busyTimeoutMs });
      // Every commit reaches the disk: what a batch reported as written survives a power failure.
      if (!isReadOnly) db.pragma('synchronous = FULL');
      if (isReadOnly) checkSchema(db, this.#name);
      else ensureSchema(db, this.#name);
      this.#hasSightings = hasSightings(db);
      this.#db = db;
    } catch (cause) {
      db?.close();
      throw sqliteError(verb, this.#name, cause);
    }
  }

  async applyBatch(batch: Batch, whiteexpSeconds: number): Promise<BatchResult> {
    return this.#run('write to', () => {
      this.#writer ??= new SqliteBatchWriter(this.#db);
      return this.#writer.apply(batch, whiteexpSeconds);
    });
  }

  async applySync(
    statements: readonly AddressStatement[],
    now: number,
    whiteexpSeconds: number,
  ): Promise<readonly SyncResult[]> {
    return this.#run('write to', () => applyStatements(this.#db, statements, now, whiteexpSeconds));
  }

  async get(address: string): Promise<Entry | undefined> {
    return this.#run('read', () =>
      this.#db
        .prepare<[string], Entry>(`SELECT first, pass, expire, bcount, pcount FROM entries WHERE ${OWN_ROW}`)
        .get(address),
    );
  }

  async *find(prefix: Prefix): AsyncGenerator<AddressRecord | TupleRecord> {
    yield* this.#iterate(() => findRecords(this.#db, this.#hasSightings, prefix));
  }

  async *list(options: ListOptions): AsyncGenerator<StoreRecord> {
    yield* this.#iterate(() => listRecords(this.#db, this.#hasSightings, options));
  }

  async add(address: string, now: number, whiteexpSeconds: number): Promise<Entry> {
    return this.#change(address, entry => addByHand(entry, now, whiteexpSeconds));
  }

  async trap(address: string, now: number, trapexpSeconds: number): Promise<Entry> {
    return this.#change(address, entry => trapByHand(entry, now, trapexpSeconds));
  }

  #change(address: string, change: (entry: Entry | undefined) => Entry): Entry {
    const columns = 'first, pass, expire, bcount, pcount';
    return this.#run('write to', () =>
      this.#db
        .transaction(() => {
          const find = this.#db.prepare<[string], Entry>(`SELECT ${columns} FROM entries WHERE ${OWN_ROW}`);
          const entry = change(find.get(address));
          this.#db
            .prepare(
              `INSERT OR REPLACE INTO entries(ip, helo, "from", "to", ${columns}) VALUES (?, '', '', '', ?, ?, ?, ?, ?)`,
            )
            .run(address, entry.first, entry.pass, entry.expire, entry.bcount, entry.pcount);
          return entry;
        })
        .immediate(),
    );
  }

  async delete(address: string): Promise<boolean> {
    return this.#run('write to', () =>
      this.#db
        .transaction(() => {
          this.#db.prepare('DELETE FROM sightings WHERE ip = ?').run(address);
          return this.#db.prepare(`DELETE FROM entries WHERE ${OWN_ROW}`).run(address).changes > 0;
        })
        .immediate(),
    );
  }

  async expireWhite(now: number): Promise<string[]> {
    const isWhite = `helo = '' AND "from" = '' AND "to" = '' AND pcount >= 0`;
    return this.#run('write to', () => {
      const find = this.#db.prepare<[number], string>(
        `SELECT ip FROM entries WHERE ${isWhite} AND expire <= ?`,
      );
      // Looked up without a lock, since mostly there is nothing; then each is deleted only if it still is expired.
      const candidates = find
        .pluck()
        .all(now)
        .filter(ip => canonicalAddress(String(ip)) !== undefined);
      if (candidates.length === 0) return [];
      return this.#db
        .transaction(() => {
          const remove = this.#db.prepare(`DELETE FROM entries WHERE ip = ? AND ${isWhite} AND expire <= ?`);
          const forget = this.#db.prepare('DELETE FROM sightings WHERE ip = ?');
          return candidates.filter(address => {
            if (remove.run(address, now).changes === 0) return false;
            forget.run(address);
            return true;
          });
        })
        .immediate();
    });
  }

  async countWhite(now: number): Promise<number> {
    return this.#run('read', () => {
      const isWhite = `helo = '' AND "from" = '' AND "to" = '' AND pcount >= 0 AND expire > ?`;
      return this.#db
        .prepare<[number], number>(`SELECT count(*) FROM entries WHERE ${isWhite}`)
        .pluck()
        .get(now)!;
    });
  }

  async close(): Promise<void> {
    this.#run('close', () => this.#db.close());
  }

  #run<T>(verb: string, call: () => T): T {
    try {
      return call();
    } catch (cause) {
      throw sqliteError(verb, this.#name, cause);
    }
  }

  *#iterate<T>(call: () => Generator<T>): Generator<T> {
    try {
      yield* call();
    } catch (cause) {
      throw sqliteError('read', this.#name, cause);
    }
  }
}

/** Only the last folder is made, as greyd makes its own: a mistyped path stays an error. */
function makeFolder(folder: string): void {
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o755 });
}
