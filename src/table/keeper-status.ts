// How a table fares, for the status command and for metrics.

import type { WriteCounts } from './table-writer.js';

/** How a table fares; counts are since the keeper was made. */
export interface KeeperStatus extends Readonly<WriteCounts> {
  readonly table: string;
  readonly state: 'starting' | 'in-line' | 'failing';
  /** White entries known to be in the table. */
  readonly entries: number;
  /** Addresses that wait to be pushed. */
  readonly waiting: number;
  /** Entries of ours that others had taken out. */
  readonly lost: number;
  /** Entries of others that were taken out of a table that is ours alone. */
  readonly foreign: number;
  /** Looks at the table after which it was in line. */
  readonly reconciles: number;
  readonly failures: number;
  /** When the table was last in line, in seconds since the epoch. */
  readonly lastReconcile: number | null;
  /** What is wrong while the state is `failing`. */
  readonly error: string | null;
}
