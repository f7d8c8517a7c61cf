// The state that the double of pfctl(8) works on, kept in a file; the kernel's part of pf.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A table: its flags as `pfctl -v -s Tables` prints them, and its entries in order. */
export interface DoubleTable {
  flags: string;
  addresses: string[];
}

/** What the next runs of one table command do instead of what they were asked. */
export interface DoubleFault {
  /** `add`, `delete`, `replace`, `show`, `Tables` or `info`; any when absent. */
  command?: string;
  /** How many runs; all when absent. */
  times?: number;
  kind:
    | 'eperm'
    | 'enomem'
    | 'vanished'
    | 'slow'
    | 'killed'
    | 'noise'
    | 'no-device'
    | 'no-permission'
    | 'no-fdescfs'
    | 'babble'
    | 'usage'
    | 'status-1'
    | 'status-2'
    | 'status-3'
    | 'status-255';
}

/** Everything pf knows. */
export interface PfState {
  platform: 'openbsd' | 'freebsd';
  enabled: boolean;
  checksum: string;
  securelevel: number;
  /** `set limit table-entries`, over all tables. */
  limit: number;
  /** net.pf.request_maxcount; OpenBSD has none. */
  requestMaxcount: number;
  /** Whether pfctl says why a request was too large; FreeBSD's says so of some commands and in some releases. */
  namesMaxcount: boolean;
  anchors: string[];
  /** By `ANCHOR/NAME`, or `NAME` in the main ruleset. */
  tables: Record<string, DoubleTable>;
  faults: DoubleFault[];
}

/** pf as it is after boot, with one table declared `persist`. */
export function initialState(): PfState {
  return {
    platform: 'openbsd',
    enabled: true,
    checksum: '0123456789abcdef0123456789abcdef',
    securelevel: 1,
    limit: 200_000,
    requestMaxcount: Number.MAX_SAFE_INTEGER,
    namesMaxcount: true,
    anchors: [],
    tables: { 'spamd-white': { flags: '-pa-r--', addresses: [] } },
    faults: [],
  };
}

/** The state kept in a directory. */
export function loadState(directory: string): PfState {
  return JSON.parse(readFileSync(join(directory, 'state.json'), 'utf8')) as PfState;
}

/** Keeps the state, all of it or nothing, as an ioctl would. */
export function saveState(directory: string, state: PfState): void {
  const path = join(directory, `state.${process.pid}`);
  writeFileSync(path, JSON.stringify(state));
  renameSync(path, join(directory, 'state.json'));
}
