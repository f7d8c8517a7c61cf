// The addresses known to be white, and until when: what tells a new correspondent from one to be refreshed.

import { parseAddress } from '../address/address.js';
import { AddressTable } from '../address/address-table.js';

const EXPIRE = 4;
const STRIDE = 5;

/** Beyond so many addresses it begins anew: one that is not known is merely written sooner. */
const MAXIMUM = 4_000_000;

/** Memory: 28 bytes an address, more while it grows. */
export class KnownWhite {
  #table = new AddressTable(STRIDE);

  /** Whether the address is known to be white at a time, in seconds since the epoch. */
  has(w0: number, w1: number, w2: number, w3: number, time: number): boolean {
    const at = this.#table.find(w0, w1, w2, w3);
    return at >= 0 && this.#table.words[at + EXPIRE]! > time;
  }

  /** Notes when an address's entry ends; 0 when it is white no more. */
  set(w0: number, w1: number, w2: number, w3: number, expire: number): void {
    if (this.#table.size >= MAXIMUM) this.#table = new AddressTable(STRIDE);
    const at = this.#table.row(w0, w1, w2, w3);
    this.#table.words[at + EXPIRE] = expire;
  }

  /** As {@link set}, for an address given as text; false when it is none. */
  setText(address: string, expire: number): boolean {
    const words = parseAddress(address);
    if (words !== undefined) this.set(...words, expire);
    return words !== undefined;
  }

  /** Forgets everything, as after the database was replaced by another. */
  clear(): void {
    this.#table = new AddressTable(STRIDE);
  }
}
