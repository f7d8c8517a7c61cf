// What a replay did, kept while it runs: distinct addresses, what became of them, who was busiest.

import { formatWords } from '../address/address.js';
import { AddressTable } from '../address/address-table.js';
import { type BatchResult, OUTCOMES } from '../store/store.js';
import { type Batch, FIELD } from '../whitelist/batch.js';
import type { Outcome } from '../whitelist/entry.js';

const COUNT = 4;
const OUTCOME = 5;
const STRIDE = 6;

/** A correspondent and how often it was seen. */
export interface Busy {
  readonly address: string;
  readonly sightings: number;
}

/** Sums up the batches of a replay. Memory: 64 bytes an address while there is one batch, 32 and more beyond. */
export class ReplaySummary {
  /** Mostly there is one batch, which needs no table: its addresses are distinct. */
  #only: { readonly batch: Batch; readonly result: BatchResult } | undefined;
  #table: AddressTable | undefined;

  /** Takes in a batch and what the store made of it; an address's first outcome is what it was before the replay. */
  add(batch: Batch, result: BatchResult): void {
    if (batch.length === 0) return;
    if (this.#table === undefined && this.#only === undefined) {
      this.#only = { batch, result };
      return;
    }
    const table = this.#tableOfAll();
    addRows(table, batch, result);
  }

  #tableOfAll(): AddressTable {
    this.#table ??= new AddressTable(STRIDE);
    if (this.#only) addRows(this.#table, this.#only.batch, this.#only.result);
    this.#only = undefined;
    return this.#table;
  }

  /** Distinct addresses so far. */
  get addresses(): number {
    return this.#only?.batch.length ?? this.#table?.size ?? 0;
  }

  /** How many addresses were added, refreshed and left trapped. */
  outcomes(): { readonly added: number; readonly refreshed: number; readonly trapped: number } {
    const counts = new Uint32Array(OUTCOMES.length);
    const { addresses } = this;
    for (let row = 0; row < addresses; row++) counts[this.#outcome(row)]!++;
    const of = (outcome: Outcome): number => counts[OUTCOMES.indexOf(outcome)]!;
    return { added: of('added'), refreshed: of('refreshed'), trapped: of('trapped') };
  }

  #outcome(row: number): number {
    return this.#only ? this.#only.result.outcomes[row]! : this.#table!.words[row * STRIDE + OUTCOME]!;
  }

  /** The busiest correspondents, the busiest first. */
  busiest(limit: number): Busy[] {
    const words = this.#only?.batch.words ?? this.#table?.words ?? new Uint32Array(0);
    const [stride, countAt] = this.#only ? [FIELD.stride, FIELD.count] : [STRIDE, COUNT];
    const size = this.addresses;
    // Equally busy ones by their addresses, so that the same capture always gives the same report.
    const isBusier = (row: number, other: number): boolean => {
      const [at, otherAt] = [row * stride, other * stride];
      let difference = words[at + countAt]! - words[otherAt + countAt]!;
      for (let i = 0; i < 4 && difference === 0; i++) difference = words[otherAt + i]! - words[at + i]!;
      return difference > 0;
    };
    const best: number[] = [];
    let least = 0;
    for (let row = 0; row < size; row++) {
      if (words[row * stride + countAt]! < least) continue;
      if (best.length === limit && !isBusier(row, best.at(-1)!)) continue;
      const place = best.findIndex(other => isBusier(row, other));
      best.splice(place < 0 ? best.length : place, 0, row);
      best.length = Math.min(best.length, limit);
      if (best.length === limit) least = words[best.at(-1)! * stride + countAt]!;
    }
    return best.map(row => {
      const at = row * stride;
      const address = formatWords(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
      return { address, sightings: words[at + countAt]! };
    });
  }
}

function addRows(table: AddressTable, batch: Batch, result: BatchResult): void {
  const { words } = batch;
  for (let row = 0, at = 0; row < batch.length; row++, at += FIELD.stride) {
    const place = table.row(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
    const own = table.words;
    if (own[place + COUNT] === 0) own[place + OUTCOME] = result.outcomes[row]!;
    own[place + COUNT]! += words[at + FIELD.count]!;
  }
}
