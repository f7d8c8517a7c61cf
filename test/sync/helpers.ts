// What the tests of synchronisation share.

import { parseAddress } from '../../src/address/address.js';

/** An IPv4 address as the word that the wire has. */
export function dottedQuad(text: string): number {
  const words = parseAddress(text);
  if (!words) throw new TypeError(`Not an address: ${text}`);
  return words[3];
}

/** Chance that repeats itself: numbers from 0 to 1 by a seed (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a spamd keeps of an address. */
export interface SpamdEntry {
  readonly first: number;
  readonly pass: number;
  readonly expire: number;
  readonly bcount: number;
  readonly pcount: number;
}

/** What OpenBSD's spamd does with the messages of its peers, and each minute: twupdate() and greyscan() of grey.c. */
export class SpamdModel {
  readonly entries: Map<number, SpamdEntry> = new Map();

  receive(kind: 'WHITE' | 'TRAPPED', address: number, expire: number, now: number): void {
    if (expire < now) return;
    const entry = this.entries.get(address);
    const trapped = kind === 'TRAPPED';
    if (entry === undefined) {
      this.entries.set(address, { first: now, pass: 0, expire, bcount: 0, pcount: trapped ? -1 : 0 });
    } else if (trapped) {
      this.entries.set(address, { ...entry, bcount: entry.bcount + 1, pcount: -1 });
    } else {
      this.entries.set(address, { ...entry, pcount: entry.pcount + 1 });
    }
  }

  scan(now: number): void {
    for (const [address, { expire }] of this.entries) if (expire <= now) this.entries.delete(address);
  }
}
