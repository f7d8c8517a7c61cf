// A time for each of very many addresses, in a few large pieces of memory: a hundred thousand texts and numbers of their
// own would have the garbage collector stop the event loop for longer than packets may wait.

import { formatWords, isIpv4Words, parseAddress } from '../address/address.js';
import { AddressTable } from '../address/address-table.js';

/** A time by the canonical text of an address, as a map has it. */
export interface Times extends Iterable<[address: string, time: number]> {
  readonly size: number;
  /** Undefined for whatever is not an address, too. */
  get(address: string): number | undefined;
}

/** Behind the four words of an address: the bits of its time, zero where it has none. */
const STRIDE = 6;
const TIME = 2;
const ROW = STRIDE / 2;

/** Times by address, like a map; a time is a number other than zero. Texts that are not canonical are in none. */
export class AddressTimes implements Times {
  readonly #table = new AddressTable(STRIDE);
  /** The table's memory as it was when this was made. */
  #words: Uint32Array = this.#table.words;
  #times = new Float64Array(this.#words.buffer);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(address: string): number | undefined {
    const at = this.#find(address);
    return at === -1 ? undefined : this.#times[at] || undefined;
  }

  has(address: string): boolean {
    return this.get(address) !== undefined;
  }

  /** Gives an address a time; false when the text is not that of an address in its canonical form. */
  set(address: string, time: number): boolean {
    const words = parseAddress(address);
    if (words === undefined || !isCanonical(address, words)) return false;
    const row = this.#table.row(...words) / STRIDE;
    if (this.#table.words !== this.#words) {
      this.#words = this.#table.words;
      this.#times = new Float64Array(this.#words.buffer);
    }
    const at = row * ROW + TIME;
    if (this.#times[at] === 0) this.#size += 1;
    this.#times[at] = time;
    return true;
  }

  delete(address: string): void {
    const at = this.#find(address);
    if (at === -1 || this.#times[at] === 0) return;
    this.#times[at] = 0;
    this.#size -= 1;
  }

  /** In the order in which the addresses came first. */
  *[Symbol.iterator](): Generator<[address: string, time: number]> {
    for (let row = 0; row < this.rows; row++) {
      const one = this.row(row);
      if (one !== undefined) yield one;
    }
  }

  /** How many rows there are, those of deleted addresses among them. */
  get rows(): number {
    return this.#table.size;
  }

  /** What is in a row, from 0; undefined where it was deleted. */
  row(row: number): [address: string, time: number] | undefined {
    const at = row * STRIDE;
    const words = this.#words;
    const time = this.#times[row * ROW + TIME];
    if (!time) return undefined;
    return [formatWords(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!), time];
  }

  #find(address: string): number {
    const words = parseAddress(address);
    if (words === undefined || !isCanonical(address, words)) return -1;
    const at = this.#table.find(...words);
    return at === -1 ? -1 : at / 2 + TIME;
  }
}

/** The text of IPv4 can be written in one way only, but for that of an IPv4-mapped address. */
function isCanonical(address: string, words: readonly [number, number, number, number]): boolean {
  return isIpv4Words(words[0], words[1], words[2])
    ? !address.includes(':')
    : formatWords(...words) === address;
}
