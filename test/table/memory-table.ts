// A table in memory, with a clock and faults of the test's choosing.

import { type Entries, EntryList } from '../../src/table/entry-list.js';
import {
  type Families,
  type ReplaceOptions,
  type Table,
  type TableChange,
  TableError,
  type TableErrorCode,
  type TableState,
} from '../../src/table/table.js';
import {
  checkChange,
  checkEntries,
  checkItems,
  MAX_LIFETIME_SECONDS,
  refuseEmpty,
  takes,
} from '../../src/table/table-entry.js';

/** How a {@link MemoryTable} behaves. */
export interface MemoryTableOptions {
  /** Seconds since the epoch. */
  readonly now?: () => number;
  readonly forgets?: boolean;
  readonly families?: Families;
  readonly capacity?: number;
}

/** A firewall's table that is a Map. */
export class MemoryTable implements Table {
  readonly name = 'memory table';
  readonly families: Families;
  /** When each entry is forgotten; Infinity for those that stay. */
  readonly ends: Map<string, number> = new Map();
  /** Every call of a method, such as `add 3`. */
  readonly calls: string[] = [];
  /** While it has an entry for a method, that method fails with it. */
  readonly faults: Map<string, TableErrorCode> = new Map();
  /** Awaited by each method before it does anything. */
  gate: (method: string) => Promise<void> = async () => undefined;
  /** Awaited by each method after it has done what it does. */
  lag: () => Promise<void> = async () => undefined;
  checksum: string | undefined;
  readonly #now: () => number;
  /** Whether the firewall forgets; what is put in meanwhile stays as it is. */
  forgets: boolean;
  readonly #capacity: number;

  constructor(options: MemoryTableOptions = {}) {
    this.#now = options.now ?? (() => Date.now() / 1000);
    this.forgets = options.forgets ?? true;
    this.#capacity = options.capacity ?? Number.POSITIVE_INFINITY;
    this.families = options.families ?? { ipv4: true, ipv6: true };
  }

  async probe(): Promise<TableState> {
    await this.#begin('probe');
    return { forgets: this.forgets, warnings: [] };
  }

  async read(): Promise<EntryList> {
    await this.#begin('read');
    this.#forget();
    const contents = [...this.ends].map(([address, end]) =>
      end === Number.POSITIVE_INFINITY
        ? { address }
        : { address, lifetimeSeconds: Math.max(1, Math.floor(end - this.#now())) },
    );
    await this.lag();
    return new EntryList(contents);
  }

  async add(entries: Entries): Promise<void> {
    await checkEntries(entries);
    if (entries.length === 0) return;
    await this.#begin('add', entries.length);
    this.#forget();
    const after = new Set([...this.ends.keys(), ...Array.from(entries, entry => entry.address)]);
    if (after.size > this.#capacity) throw new TableError('full', `Cannot add to ${this.name}: it is full`);
    this.#put(entries);
    await this.lag();
  }

  async remove(addresses: readonly string[]): Promise<void> {
    await checkItems(addresses);
    if (addresses.length === 0) return;
    await this.#begin('remove', addresses.length);
    for (const address of addresses) this.ends.delete(address);
    await this.lag();
  }

  async replace(entries: Entries, options: ReplaceOptions = {}): Promise<void> {
    refuseEmpty(this.name, entries, options);
    await checkEntries(entries);
    await this.#begin('replace', entries.length);
    this.ends.clear();
    this.#put(entries);
  }

  async dryRun(change: TableChange): Promise<void> {
    await checkChange(change);
    await this.#begin('dryRun', change.entries.length);
  }

  async fingerprint(): Promise<string | undefined> {
    await this.#begin('fingerprint');
    return this.checksum;
  }

  /** The addresses it holds, sorted as text. */
  get held(): string[] {
    this.#forget();
    return [...this.ends.keys()].sort();
  }

  async #begin(method: string, count?: number): Promise<void> {
    this.calls.push(count === undefined ? method : `${method} ${count}`);
    await this.gate(method);
    const code = this.faults.get(method);
    if (code !== undefined) throw new TableError(code, `Cannot ${method} ${this.name}: ${code}`);
  }

  #put(entries: Entries): void {
    for (const { address, lifetimeSeconds } of entries) {
      if (!takes(this.families, address)) continue;
      const life = this.forgets
        ? Math.min(lifetimeSeconds ?? Number.POSITIVE_INFINITY, MAX_LIFETIME_SECONDS)
        : undefined;
      this.ends.set(address, this.#now() + (life ?? Number.POSITIVE_INFINITY));
    }
  }

  #forget(): void {
    for (const [address, end] of this.ends) if (end <= this.#now()) this.ends.delete(address);
  }
}
