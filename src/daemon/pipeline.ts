// From records to sightings: the one path of the live daemon and of a replay.

import type { Policy } from '../policy/policy.js';
import { isMalformed, REASONS } from '../policy/reason.js';
import { Screen, SIGHTING } from '../policy/screen.js';
import { DIRECTION, type LogRule } from '../whitelist/batch.js';
import { packOrigin, SIGHTING_FIELD } from '../whitelist/tally.js';
import type { RecordCursor } from '../wire/record-cursor.js';

const { stride: STRIDE, time: TIME, origin: ORIGIN } = SIGHTING_FIELD;

/** Sightings in a block. */
const BLOCK = 16_384;

/** Counts of records since the beginning. */
export interface Counts {
  readonly packets: number;
  readonly sightings: number;
  readonly inbound: number;
  readonly outbound: number;
  /** Well-formed records that did not count, by reason. */
  readonly ignored: Readonly<Record<string, number>>;
  readonly malformed: number;
}

/** Screens records, counts them, and collects the sightings in blocks. */
export class Pipeline {
  readonly #screen: Screen;
  readonly #counts = new Float64Array(REASONS.length);
  readonly #onBlock: (words: Int32Array, count: number) => void;
  readonly #block = new Int32Array(BLOCK * STRIDE);
  #end = 0;
  #inbound = 0;

  /** @param onBlock is given sightings as `Tally.add` takes them; the words are used again after it returns */
  constructor(policy: Policy, onBlock: (words: Int32Array, count: number) => void) {
    this.#screen = new Screen(policy);
    this.#onBlock = onBlock;
  }

  /** Takes in one record; whether it was a sighting. */
  record(cursor: RecordCursor): boolean {
    const screen = this.#screen;
    const reason = screen.check(cursor);
    this.#counts[reason]!++;
    if (reason !== SIGHTING) return false;
    const { direction } = screen;
    if (direction === DIRECTION.in) this.#inbound++;
    const block = this.#block;
    const at = this.#end;
    block[at] = screen.w0;
    block[at + 1] = screen.w1;
    block[at + 2] = screen.w2;
    block[at + 3] = screen.w3;
    block[at + TIME] = cursor.seconds;
    block[at + ORIGIN] = packOrigin(screen.rule, direction);
    this.#end = at + STRIDE;
    if (this.#end === block.length) this.flush();
    return true;
  }

  /** Hands on the block as it is. */
  flush(): void {
    if (this.#end > 0) this.#onBlock(this.#block, this.#end / STRIDE);
    this.#end = 0;
  }

  /** Hands on the last block, and gives away the rules that the blocks' origins have numbered since the last time. */
  takeRules(): readonly LogRule[] {
    this.flush();
    return this.#screen.rules.take();
  }

  /** The counts so far. */
  counts(): Counts {
    const ignored: Record<string, number> = {};
    let packets = 0;
    let malformed = 0;
    REASONS.forEach((reason, number) => {
      const count = this.#counts[number]!;
      packets += count;
      if (reason === undefined || count === 0) return;
      if (isMalformed(reason)) malformed += count;
      else ignored[reason] = count;
    });
    const sightings = this.#counts[SIGHTING]!;
    return {
      packets,
      sightings,
      inbound: this.#inbound,
      outbound: sightings - this.#inbound,
      ignored,
      malformed,
    };
  }
}
