// What pf writes to a pflog interface about a packet, as far as spamlogd(8) looks at it.

import type { Direction } from '../ast.js';
import type { LoadedRule } from '../loaded.js';
import { rulesetName } from '../paths.js';
import type { Packet } from './packet.js';

/** One record of pflogN. */
export interface PflogRecord {
  /** The N of pflogN. */
  readonly logInterface: number;
  readonly action: 'pass' | 'block' | 'match' | 'rdr' | 'nat' | 'binat';
  readonly rule: LoadedRule;
  /** As the header has it: '' for the main ruleset, null for a brace anchor that has no name. */
  readonly ruleset: string | null;
  readonly rulenr: number | null;
  readonly subrulenr: number | null;
  readonly interface: string;
  readonly direction: Direction;
  /**
   * Destination ports that the record shows: before and after translation by filter rules, in that order. FreeBSD's
   * have only the first; its rdr rules have translated before that.
   */
  readonly ports: readonly (number | null)[];
  /** Whether `log (matches)` of another rule made this record. */
  readonly isForced: boolean;
}

/** What a record is made from. */
export interface RecordParts {
  readonly rule: LoadedRule;
  readonly call: LoadedRule | null;
  readonly logInterface: number;
  readonly isForced: boolean;
  readonly original: Packet;
  readonly translated: Packet;
  /** Whether the packet is logged before it is translated, with what it becomes beside it (OpenBSD). */
  readonly showsBoth: boolean;
}

/** The record, or null for a rule whose action is not known. */
export function pflogRecord(parts: RecordParts): PflogRecord | null {
  const { rule, call, original, translated } = parts;
  if (rule.action === 'unknown' || rule.action === 'anchor') return null;
  return {
    logInterface: parts.logInterface,
    action: rule.action,
    rule,
    ruleset: call ? rulesetName(rule.ruleset) : '',
    rulenr: call ? call.number : rule.number,
    subrulenr: call ? rule.number : null,
    interface: original.interface,
    direction: original.direction,
    ports: parts.showsBoth
      ? [original.destinationPort, translated.destinationPort]
      : [original.destinationPort],
    isForced: parts.isForced,
  };
}
