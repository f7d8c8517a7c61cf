// The whitelist in an SQLite file shared with greyd. Calls run to their end on the thread that makes them.

import type { Database } from 'better-sqlite3';
import type { Prefix } from '../address/prefix.js';
import type { Batch } from '../whitelist/batch.js';
import { addByHand, type Entry, trapByHand } from '../whitelist/entry.js';
import { isMade } from './is-made.js';
import { SqliteBatchWriter } from './sqlite-batch.js';
import { sqliteError } from './sqlite-errors.js';
import { openSqlite } from './sqlite-open.js';
import type { SqliteOptions } from './sqlite-options.js';
import type { SqlitePut } from './sqlite-put.js';
import { findRecords } from './sqlite-query.js';
import { hasTable, startLog } from './sqlite-schema.js';
import {
  type AddressRecord,
  type AddressStatement,
  type BatchResult,
  emptyResult,
  type ListOptions,
  type Store,
  StoreError,
  type StoreRecord,
  type SyncResult,
  type TupleRecord,
} from './store.js';
import type { PutOutcome, RecordSink } from './transfer.js';

export type { SqliteOptions } from './sqlite-options.js';

/** An address's own row, for greyd as for us. */
const OWN_ROW = "ip = ? AND helo = '' AND \"from\" = '' AND \"to\" = ''";

const ENTRY = 'first, pass, expire, bcount, pcount';

/** A {@link Store} on an SQLite file. */
export class SqliteStore implements Store, RecordSink {
  readonly #db: Database;
  readonly #name: string;
  readonly #isReadOnly: boolean;
  readonly #hasSightings: boolean;
  #writer: SqliteBatchWriter | undefined;
  /** See `logsLater`. */
  #isLogDue: boolean;
  #put: SqlitePut | undefined;

  /** @throws {StoreError} */
  constructor(path: string, options: SqliteOptions = {}) {
    this.#name = `"${path}"`;
    this.#isReadOnly = options.isReadOnly ?? false;
    this.#isLogDue = options.logsLater === true && !isMade(path);
    this.#db = openSqlite(path, options);
    // A database written by greyd alone has none.
    this.#hasSightings = this.#run('read', () => hasTable(this.#db, 'sightings'));
  }

  /** @param result where what becomes of the rows is written, and which is given back */
  async applyBatch(
    batch: Batch,
    whiteexpSeconds: number,
    result: BatchResult = emptyResult(batch.length),
  ): Promise<BatchResult> {
    return this.#write(() => {
      this.#writer ??= new SqliteBatchWriter(this.#db);
      this.#writer.apply(batch, whiteexpSeconds, result);
      this.#startDueLog();
      return result;
    });
  }

  async applySync(
    statements: readonly AddressStatement[],
    now: number,
    whiteexpSeconds: number,
  ): Promise<readonly SyncResult[]> {
    const { applyStatements } = await import('./sqlite-sync.js');
    return this.#transaction(db => applyStatements(db, statements, now, whiteexpSeconds));
  }

  async put(records: readonly StoreRecord[], now: number, isDry: boolean): Promise<PutOutcome[]> {
    const { SqlitePut } = await import('./sqlite-put.js');
    const putAll = (): PutOutcome[] => {
      this.#put ??= new SqlitePut(this.#db, this.#hasSightings);
      const put = this.#put;
      return records.map(record => put.put(record, now, isDry));
    };
    return isDry ? this.#run('read', putAll) : this.#transaction(putAll);
  }

  async get(address: string): Promise<Entry | undefined> {
    return this.#run('read', () =>
      this.#db.prepare<[string], Entry>(`SELECT ${ENTRY} FROM entries WHERE ${OWN_ROW}`).get(address),
    );
  }

  async *find(prefix: Prefix): AsyncGenerator<AddressRecord | TupleRecord> {
    yield* this.#iterate(() => findRecords(this.#db, this.#hasSightings, prefix));
  }

  async *list(options: ListOptions): AsyncGenerator<StoreRecord> {
    const { listRecords } = await import('./sqlite-list.js');
    yield* this.#iterate(() => listRecords(this.#db, this.#hasSightings, options));
  }

  async add(address: string, now: number, whiteexpSeconds: number): Promise<Entry> {
    return this.#change(address, entry => addByHand(entry, now, whiteexpSeconds));
  }

  async trap(address: string, now: number, trapexpSeconds: number): Promise<Entry> {
    return this.#change(address, entry => trapByHand(entry, now, trapexpSeconds));
  }

  #change(address: string, change: (entry: Entry | undefined) => Entry): Entry {
    return this.#transaction(db => {
      const entry = change(
        db.prepare<[string], Entry>(`SELECT ${ENTRY} FROM entries WHERE ${OWN_ROW}`).get(address),
      );
      const { first, pass, expire, bcount, pcount } = entry;
      const values = [first, pass, expire, bcount, pcount, address];
      const update = `UPDATE entries SET (${ENTRY}) = (?, ?, ?, ?, ?) WHERE ${OWN_ROW}`;
      const insert = `INSERT INTO entries(${ENTRY}, ip, helo, "from", "to") VALUES (?, ?, ?, ?, ?, ?, '', '', '')`;
      if (db.prepare(update).run(...values).changes === 0) db.prepare(insert).run(...values);
      return entry;
    });
  }

  async delete(address: string): Promise<boolean> {
    return this.#transaction(db => {
      db.prepare('DELETE FROM sightings WHERE ip = ?').run(address);
      return db.prepare(`DELETE FROM entries WHERE ${OWN_ROW}`).run(address).changes > 0;
    });
  }

  async expireWhite(now: number, limit: number = Number.POSITIVE_INFINITY): Promise<string[]> {
    const { findEnded, removeEnded } = await import('./sqlite-expire.js');
    const ended = this.#run('read', () => findEnded(this.#db, now, limit));
    if (ended.white.length === 0 && ended.forgotten.length === 0) return [];
    return this.#transaction(db => removeEnded(db, ended, now));
  }

  async countWhite(now: number): Promise<number> {
    const isWhite = `helo = '' AND "from" = '' AND "to" = '' AND pcount >= 0 AND expire > ?`;
    return this.#run(
      'read',
      () =>
        this.#db.prepare<[number], number>(`SELECT count(*) FROM entries WHERE ${isWhite}`).pluck().get(now)!,
    );
  }

  async close(): Promise<void> {
    this.#run('close', () => {
      if (this.#db.open) {
        this.#startDueLog();
        this.#finishLog();
      }
      this.#db.close();
    });
  }

  /**
   * SQLite takes over what a write-ahead log holds when the last connection is closed, but not into a file that was moved
   * away meanwhile: this would be left without what was written last.
   */
  #finishLog(): void {
    if (this.#isReadOnly) return;
    try {
      this.#db.pragma('wal_checkpoint(PASSIVE)');
    } catch {
      // The log stays, for whoever opens it next.
    }
  }

  #startDueLog(): void {
    if (!this.#isLogDue) return;
    this.#isLogDue = false;
    startLog(this.#db);
  }

  #transaction<T>(change: (db: Database) => T): T {
    return this.#write(() => this.#db.transaction(() => change(this.#db)).immediate());
  }

  #write<T>(call: () => T): T {
    if (this.#isReadOnly) {
      throw new StoreError('read-only', `Cannot write to store ${this.#name}: it was opened to be read`);
    }
    return this.#run('write to', call);
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
