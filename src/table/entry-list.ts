// Very many entries of a table, in little memory of which the garbage collector need not know.

import { AddressTimes } from './address-times.js';

/** One entry of a table. */
export interface TableEntry {
  /**
   * Canonical text of an address. What `Table.read` gives may also be a prefix, or either with a leading `!`:
   * a pf table holds those too, but only others put them there.
   */
  readonly address: string;
  /**
   * Seconds until the firewall itself forgets the entry, a whole number above 0. When adding, drivers of firewalls that
   * do not forget ignore it; when reading, it is absent where the entry stays until it is removed.
   */
  readonly lifetimeSeconds?: number;
}

/** Entries to be walked over, an array of them for one. */
export interface Entries extends Iterable<TableEntry> {
  readonly length: number;
}

/** A list without doubles, of which the last one counts: first the addresses in their order, then all other items. */
export class EntryList implements Entries {
  /** The life of each address, Infinity where it has no end. */
  readonly #lives = new AddressTimes();
  /** Prefixes, items with a `!`, IPv4-mapped IPv6 addresses. */
  readonly #others = new Map<string, TableEntry>();

  constructor(entries: Iterable<TableEntry> = []) {
    for (const entry of entries) this.add(entry);
  }

  get length(): number {
    return this.#lives.size + this.#others.size;
  }

  add(entry: TableEntry): void {
    const { address, lifetimeSeconds = Number.POSITIVE_INFINITY } = entry;
    if (!this.#lives.set(address, lifetimeSeconds)) this.#others.set(address, entry);
  }

  /** The entries from one number to before another one, as those of an array. */
  slice(from: number, to: number): TableEntry[] {
    const entries: TableEntry[] = [];
    for (let row = from; row < Math.min(to, this.#lives.size); row++) {
      entries.push(makeEntry(...this.#lives.row(row)!));
    }
    const first = Math.max(0, from - this.#lives.size);
    const last = Math.max(0, to - this.#lives.size);
    if (last > 0) entries.push(...[...this.#others.values()].slice(first, last));
    return entries;
  }

  *[Symbol.iterator](): Generator<TableEntry> {
    for (const [address, life] of this.#lives) yield makeEntry(address, life);
    yield* this.#others.values();
  }
}

function makeEntry(address: string, lifetimeSeconds: number): TableEntry {
  return lifetimeSeconds === Number.POSITIVE_INFINITY ? { address } : { address, lifetimeSeconds };
}
