// How to open an SQLite database: on its own, since the library's users have no types of better-sqlite3.

/** How to open a database. */
export interface SqliteOptions {
  /** Only read. The file must exist; whoever wrote it last may have left work that SQLite finishes. */
  readonly isReadOnly?: boolean;
  /** Make the file, and the folder it is in, when it does not exist. */
  readonly canCreate?: boolean;
  /** How long to wait for other programs' locks, in milliseconds. */
  readonly busyTimeoutMs?: number;
  /** The same while it is opened; {@link busyTimeoutMs} when absent. */
  readonly openTimeoutMs?: number;
  /** In a file that is made: begin the write-ahead log after the first batch, which then is written once and not twice. */
  readonly logsLater?: boolean;
  /** Memory for pages, in KiB; as much as a large batch needs when absent. */
  readonly cacheKib?: number;
}
