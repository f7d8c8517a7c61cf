// Writes to a table what is pushed and what is to be repaired, in turn, and remembers what the table should hold.

import { AddressTimes, type Times } from './address-times.js';
import { compareTable, type TableDifference, UNENDING, type WhiteEntry, whiteEntry } from './difference.js';
import type { Entries } from './entry-list.js';
import { type PushBatch, PushQueue } from './push-queue.js';
import { planRepair, type RepairOptions, type RepairPlan } from './repair-plan.js';
import { isFull, type Table, type TableEntry } from './table.js';
import { isCanonicalAddress, takes } from './table-entry.js';
import { TimeSlice } from './time-slice.js';

/** What was written since the writer was made. */
export interface WriteCounts {
  added: number;
  refreshed: number;
  removed: number;
}

/** The writing half of a table's keeper: one write at a time, in the order in which they were asked for. */
export class TableWriter {
  readonly counts: WriteCounts = { added: 0, refreshed: 0, removed: 0 };
  /** Whether the firewall forgets entries by itself. */
  forgets = false;
  readonly #table: Table;
  readonly #now: () => number;
  readonly #queue = new PushQueue();
  /**
   * When the firewall forgets each white entry that it has, in seconds since the epoch; Infinity where it does not, and
   * {@link UNENDING} where it was us who put it in.
   */
  #held = new AddressTimes();
  /** While a look at the table lasts: addresses of which something was said since it began. */
  #touched: Set<string> | undefined;
  /** Whether the database that the look under way began with has been replaced. */
  #isLookStale = false;
  #writes: Promise<unknown> = Promise.resolve();

  constructor(table: Table, now: () => number) {
    this.#table = table;
    this.#now = now;
  }

  /** How many white entries the table is known to have. */
  get held(): number {
    return this.#held.size;
  }

  /** How many addresses wait to be written. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Has entries put in, except those known to be in for more than `enoughSeconds` to come. */
  push(entries: Iterable<WhiteEntry>, enoughSeconds: number): void {
    const enough = this.#now() + enoughSeconds;
    for (const { address, expire } of entries) {
      if (!this.#isFit(address)) continue;
      this.#touched?.add(address);
      if ((this.#held.get(address) ?? 0) > enough && !this.#queue.has(address)) continue;
      this.#queue.add(address, expire);
    }
  }

  /** Has entries taken out. */
  remove(addresses: Iterable<string>): void {
    for (const address of addresses) {
      if (!this.#isFit(address)) continue;
      this.#touched?.add(address);
      this.#queue.remove(address);
    }
  }

  /** Writes everything that waits as one batch, behind whatever is being written; what fails waits on. */
  flush(): Promise<void> {
    return this.#inTurn(async () => {
      const batch = this.#queue.take();
      try {
        await this.#write(batch);
      } catch (error) {
        this.#queue.putBack(batch);
        throw error;
      } finally {
        // A look that began meanwhile may have read the table before this was written.
        this.#touch(batch.additions.keys());
        this.#touch(batch.removals);
      }
    });
  }

  /** Forgets which entries are ours, as at a start: another database knows nothing of them. */
  forget(): void {
    this.#held = new AddressTimes();
    this.#isLookStale = true;
  }

  /** Begins a look at the table; to be called before it is read for a {@link repair}. */
  beginLook(): void {
    this.#touched = new Set();
    this.#isLookStale = false;
  }

  /** Ends a look at the table, repaired or not. */
  endLook(): void {
    this.#touched = undefined;
    if (this.#isLookStale) this.#held = new AddressTimes();
  }

  /**
   * Compares the table's contents with what is white. What we put in while the firewall forgot nothing, and is now to be
   * forgotten as the table was declared anew, fades.
   */
  compare(contents: Entries, expires: Times, now: number): Promise<TableDifference> {
    return compareTable(contents, expires, now, { before: this.#held, forgets: this.forgets });
  }

  /** Compares what the table should hold with what is white, where its contents cannot be listed: all may be missing. */
  async compareBlindly(expires: Times, now: number): Promise<TableDifference> {
    const { surplus, ends } = await compareTable(addressesOf(this.#held), expires, now);
    return { ...(await compareTable([], expires, now)), surplus, ends };
  }

  /**
   * Makes the table what it should be; takes out first, so that a full table has room for what is put in. Does nothing,
   * and gives undefined, where the difference is of a database that has been replaced.
   */
  repair(difference: TableDifference, options: RepairOptions): Promise<RepairPlan | undefined> {
    return this.#inTurn(async () => {
      const touched = this.#touched ?? new Set();
      const knowledge = { held: this.#held, forgets: this.forgets, touched, now: this.#now() };
      const plan = await planRepair(difference, knowledge, options);
      if (this.#isLookStale) return undefined;
      // Something may have been said of an address while the plan was made. From here on to the writes nothing waits.
      const removals = plan.removals.filter(address => !touched.has(address));
      const found = difference.ends.size + difference.surplus.length;
      const before = this.#remember(difference, touched, options);
      await this.#takeOut(removals, before);
      if (removals.length > 0) options.onTakenOut?.(removals.length, found);
      // Those that are in go first: a table that is full takes them, and refuses the others.
      await this.#fill(plan.fading);
      await this.#fill(plan.missing);
      return { ...plan, removals };
    });
  }

  /** Whether the text is an address in the only form that we write, and of a family that the table takes. */
  #isFit(address: string): boolean {
    return isCanonicalAddress(address) && takes(this.#table.families, address);
  }

  #touch(addresses: Iterable<string>): void {
    if (this.#touched !== undefined) for (const address of addresses) this.#touched.add(address);
  }

  /** Takes over what the table was found to hold; gives what it was thought to hold before. */
  #remember(
    { ends, surplus }: TableDifference,
    touched: ReadonlySet<string>,
    { isAddOnly }: RepairOptions,
  ): Times {
    const before = this.#held;
    this.#held = ends;
    touched.forEach(address => {
      ends.delete(address);
    });
    restore(touched, before, ends);
    if (isAddOnly)
      restore(
        Array.from(surplus, entry => entry.address),
        before,
        ends,
      );
    return before;
  }

  /** Takes out what is held no longer; what could not be taken out is held again, so as not to be taken for foreign. */
  async #takeOut(addresses: readonly string[], before: Times): Promise<void> {
    if (addresses.length === 0) return;
    try {
      await this.#table.remove(addresses);
    } catch (error) {
      restore(addresses, before, this.#held);
      throw error;
    }
    this.counts.removed += addresses.length;
  }

  async #write({ additions, removals }: PushBatch): Promise<void> {
    if (removals.size > 0) {
      await this.#table.remove([...removals]);
      for (const address of removals) this.#held.delete(address);
      this.counts.removed += removals.size;
    }
    const now = this.#now();
    const entries = [...additions].flatMap(([address, expire]) => whiteEntry(address, expire, now) ?? []);
    const isHeld = ({ address }: TableEntry): boolean => this.#held.has(address);
    // Those that are in go first: a table that is full takes them, and refuses the others.
    await this.#fill([...entries.filter(isHeld), ...entries.filter(entry => !isHeld(entry))]);
  }

  /** Adds entries; as many of the first of them as go in where the table is too small for all. */
  async #fill(entries: Entries): Promise<void> {
    if (entries.length === 0) return;
    try {
      await this.#table.add(entries);
    } catch (error) {
      if (!isFull(error) || entries.length === 1) throw error;
      const all = [...entries];
      const half = Math.ceil(all.length / 2);
      await this.#fill(all.slice(0, half));
      return this.#fill(all.slice(half));
    }
    await this.#note(entries);
  }

  async #note(entries: Entries): Promise<void> {
    const now = this.#now();
    const slice = new TimeSlice();
    for (const { address, lifetimeSeconds = Number.POSITIVE_INFINITY } of entries) {
      if (this.#held.has(address)) this.counts.refreshed += 1;
      else this.counts.added += 1;
      this.#held.set(address, this.forgets ? now + lifetimeSeconds : UNENDING);
      if (slice.isOver()) await slice.rest();
    }
  }

  #inTurn<T>(write: () => Promise<T>): Promise<T> {
    const result = this.#writes.then(write);
    this.#writes = result.catch(() => undefined);
    return result;
  }
}

/** Lets one map hold again what another one held of these. */
function restore(addresses: Iterable<string>, before: Times, held: AddressTimes): void {
  for (const address of addresses) {
    const end = before.get(address);
    if (end !== undefined) held.set(address, end);
  }
}

function* addressesOf(held: Times): Generator<TableEntry> {
  for (const [address] of held) yield { address };
}
