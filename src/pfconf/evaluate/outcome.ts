// What a ruleset does with a packet.

import type { LoadedRule } from '../loaded.js';
import type { Packet } from './packet.js';
import type { PflogRecord } from './record.js';
import type { Target } from './translate.js';

/** One thing that may become of a packet. */
export interface Outcome {
  /** `unknown` when the rule that decides is not understood. */
  readonly action: 'pass' | 'block' | 'unknown';
  /** The rule that decides; null where none matches and pf passes by default, or does not look (`set skip`). */
  readonly rule: LoadedRule | null;
  /** The anchor rule through which it was reached. */
  readonly call: LoadedRule | null;
  /** Where a redirection sends the packet; null where its destination stays. */
  readonly target: Target | null;
  /** The packet as it goes on, after translation. */
  readonly packet: Packet;
  /** What pf logs, in order. */
  readonly records: readonly PflogRecord[];
}

/** Every outcome that is possible, and what it hangs on when there are several. */
export interface Outcomes {
  readonly outcomes: readonly Outcome[];
  readonly doubts: readonly string[];
}
