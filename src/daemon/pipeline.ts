// From records to sightings: the one path of the live daemon and of a replay.

import { FastLane } from '../policy/fast-lane.js';
import type { Policy } from '../policy/policy.js';
import { isMalformed, REASONS } from '../policy/reason.js';
import { RuleTable } from '../policy/rule-table.js';
import { Screen, SIGHTING } from '../policy/screen.js';
import { DIRECTION, type LogRule } from '../whitelist/batch.js';
import { packOrigin, putSighting, SIGHTING_FIELD } from '../whitelist/sighting-block.js';
import type { RecordCursor } from '../wire/record-cursor.js';
import type { SavefileParser } from '../wire/savefile-parser.js';

/** Words of a block, and the words before which a further sighting fits in any case. */
const BLOCK_WORDS = 49_152;
const FULL_WORDS: number = BLOCK_WORDS - SIGHTING_FIELD.wideStride;

/** Counts of records since the beginning. */
export interface Counts {
  readonly packets: number;
  readonly sightings: number;
  readonly inbound: number;
  readonly outbound: number;
  /** Well-formed records that did not count, by reason. */
  readonly ignored: Readonly<Record<string, number>>;
  readonly malformed: number;
  /** Times of the earliest and the latest record, in seconds since the epoch; undefined when there was none. */
  readonly first: number | undefined;
  readonly last: number | undefined;
}

/** Judges records, counts them, and collects the sightings in blocks. */
export class Pipeline {
  readonly #rules = new RuleTable();
  #screen: Screen;
  #lane: FastLane;
  readonly #counts = new Float64Array(REASONS.length);
  readonly #onBlock: (words: Int32Array, end: number) => void;
  readonly #block = new Int32Array(BLOCK_WORDS);
  #end = 0;
  #inbound = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  /** @param onBlock is given sightings as `Tally.add` takes them; the words are used again after it returns */
  constructor(policy: Policy, onBlock: (words: Int32Array, end: number) => void) {
    this.#screen = new Screen(policy, this.#rules);
    this.#lane = new FastLane(policy, this.#rules);
    this.#onBlock = onBlock;
  }

  /** Goes on with another policy; the counts stay. */
  use(policy: Policy): void {
    const { inbound, first, last } = this.#lane;
    this.#screen = new Screen(policy, this.#rules);
    this.#lane = Object.assign(new FastLane(policy, this.#rules), { inbound, first, last });
  }

  /** The rules that the blocks' origins number, from the beginning or the last {@link takeRules}. */
  get rules(): readonly LogRule[] {
    return this.#rules.rules;
  }

  /** Takes in all records that a parser has come to. */
  drain(parser: SavefileParser): void {
    for (;;) {
      const window = parser.plainWindow();
      if (window !== undefined) {
        this.#end = this.#lane.run(window, this.#counts, this.#block, this.#end);
        parser.resume(window);
        if (this.#end > FULL_WORDS) {
          this.flush();
          continue;
        }
      }
      if (!parser.next()) return;
      this.record(parser.cursor);
    }
  }

  /** Takes in one record; whether it was a sighting. */
  record(cursor: RecordCursor): boolean {
    const screen = this.#screen;
    const { seconds } = cursor;
    if (seconds < this.#first) this.#first = seconds;
    if (seconds > this.#last) this.#last = seconds;
    const reason = screen.check(cursor);
    this.#counts[reason]!++;
    if (reason !== SIGHTING) return false;
    const { direction } = screen;
    if (direction === DIRECTION.in) this.#inbound++;
    const { w0, w1, w2, w3, rule } = screen;
    const origin = packOrigin(rule, direction);
    this.#end = putSighting(this.#block, this.#end, [w0, w1, w2, w3], seconds, origin);
    if (this.#end > FULL_WORDS) this.flush();
    return true;
  }

  /** Hands on the block as it is. */
  flush(): void {
    if (this.#end > 0) this.#onBlock(this.#block, this.#end);
    this.#end = 0;
  }

  /** Hands on the last block, and gives away the rules that the blocks' origins have numbered since the last time. */
  takeRules(): readonly LogRule[] {
    this.flush();
    return this.#rules.take();
  }

  /** How many records so far. */
  get packets(): number {
    return this.#counts.reduce((sum, count) => sum + count);
  }

  /** The counts so far. */
  counts(): Counts {
    const ignored: Record<string, number> = {};
    let malformed = 0;
    REASONS.forEach((reason, number) => {
      const count = this.#counts[number]!;
      if (reason === undefined || count === 0) return;
      if (isMalformed(reason)) malformed += count;
      else ignored[reason] = count;
    });
    const { packets } = this;
    const sightings = this.#counts[SIGHTING]!;
    const inbound = this.#inbound + this.#lane.inbound;
    const first = Math.min(this.#first, this.#lane.first);
    const last = Math.max(this.#last, this.#lane.last);
    return {
      packets,
      sightings,
      inbound,
      outbound: sightings - inbound,
      ignored,
      malformed,
      first: packets > 0 ? first : undefined,
      last: packets > 0 ? last : undefined,
    };
  }
}
