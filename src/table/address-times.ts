// A time for each of very many addresses, in a few large pieces of memory: a hundred thousand texts and numbers of their
// own would have the garbage collector stop the event loop for longer than packets may wait.

import { type AddressWords, formatWords, MAPPED_WORD, parseAddress, parseIpv4 } from '../address/address.js';
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
    const at = this.#make(address);
    if (at === -1) return false;
    if (this.#table.words !== this.#words) {
      this.#words = this.#table.words;
      this.#times = new Float64Array(this.#words.buffer);
    }
    const place = at / 2 + TIME;
    if (this.#times[place] === 0) this.#size += 1;
    this.#times[place] = time;
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

  /** Where an address's row begins, which is made if there is none; -1 for what is not an address. */
  #make(address: string): number {
    const ipv4 = parseIpv4(address);
    if (ipv4 !== -1) return this.#table.row(0, 0, MAPPED_WORD, ipv4);
    const words = parseCanonical(address);
    return words === undefined ? -1 : this.#table.row(...words);
  }

  /** Where an address's time is, or -1 where it has none. */
  #find(address: string): number {
    const ipv4 = parseIpv4(address);
    const words = ipv4 === -1 ? parseCanonical(address) : undefined;
    if (ipv4 === -1 && words === undefined) return -1;
    const at = words ? this.#table.find(...words) : this.#table.find(0, 0, MAPPED_WORD, ipv4);
    return at === -1 ? -1 : at / 2 + TIME;
  }
}

/** The words of an IPv6 address, if this is how it is written; an IPv4-mapped one is written as IPv4. */
function parseCanonical(address: string): AddressWords | undefined {
  const words = parseAddress(address);
  return words !== undefined && formatWords(...words) === address ? words : undefined;
}
