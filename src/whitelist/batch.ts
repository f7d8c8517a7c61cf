// A batch: what a stretch of sightings says of each address, in a form that crosses threads without being copied.

import { formatWords } from '../address/address.js';
import type { SightingSum } from './entry.js';

/** Which way a connection went, seen from the firewall. */
export type Direction = 'in' | 'out';

/** Which rule of the firewall logged a sighting. */
export interface LogRule {
  /** Interface the packet passed, '' when the log does not say. */
  readonly interface: string;
  /** pf: the anchor, '' for the main ruleset. NFLOG: the rule's log prefix. */
  readonly ruleset: string;
  /** pf: the rule's number in the main ruleset; null where the log has none. */
  readonly rulenr: number | null;
  /** pf: the rule's number inside the anchor; null outside of one. */
  readonly subrulenr: number | null;
}

/** All that a batch says of one address. Times are seconds since the epoch. */
export interface AddressSightings extends SightingSum {
  /** Canonical text. */
  readonly address: string;
  readonly firstSeen: number;
  /** The latest sighting, which is always in the last run. */
  readonly lastSeen: number;
  readonly inbound: number;
  readonly outbound: number;
  /** Direction and rule of the sighting at `lastSeen`. */
  readonly lastDirection: Direction;
  readonly rule: LogRule;
}

/** Fields of one address in {@link Batch.words}, and how many there are. */
export const FIELD = {
  address: 0,
  count: 4,
  runStart: 5,
  runLatest: 6,
  runCount: 7,
  firstSeen: 8,
  inbound: 9,
  outbound: 10,
  lastDirection: 11,
  rule: 12,
  stride: 16,
} as const;

/** `lastDirection` as a number, the values pf uses on the wire (PF_IN, PF_OUT of pfvar.h). */
export const DIRECTION = { in: 1, out: 2 } as const;

/** At most one row an address; `words` holds {@link FIELD}.stride unsigned 32-bit words a row. */
export class Batch implements Iterable<AddressSightings> {
  readonly words: Uint32Array;
  readonly rules: readonly LogRule[];

  constructor(words: Uint32Array, rules: readonly LogRule[]) {
    this.words = words;
    this.rules = rules;
  }

  /** How many addresses. */
  get length(): number {
    return this.words.length / FIELD.stride;
  }

  /** The rows from one on and before another, in the same memory. */
  slice(from: number, to: number): Batch {
    return new Batch(this.words.subarray(from * FIELD.stride, to * FIELD.stride), this.rules);
  }

  /** Canonical text of the address in row `row`. */
  address(row: number): string {
    const at = row * FIELD.stride;
    const { words } = this;
    return formatWords(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
  }

  /** Row `row` as a value. */
  row(row: number): AddressSightings {
    const at = row * FIELD.stride;
    const word = (field: number): number => this.words[at + field]!;
    return {
      address: this.address(row),
      count: word(FIELD.count),
      runStart: word(FIELD.runStart),
      runLatest: word(FIELD.runLatest),
      runCount: word(FIELD.runCount),
      firstSeen: word(FIELD.firstSeen),
      lastSeen: word(FIELD.runLatest),
      inbound: word(FIELD.inbound),
      outbound: word(FIELD.outbound),
      lastDirection: word(FIELD.lastDirection) === DIRECTION.in ? 'in' : 'out',
      rule: this.rules[word(FIELD.rule)]!,
    };
  }

  *[Symbol.iterator](): Iterator<AddressSightings> {
    for (let row = 0; row < this.length; row++) yield this.row(row);
  }
}
