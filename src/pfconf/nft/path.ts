// One of the ways a packet may go through netfilter, and what happened on it.

import type { Hook, NftRule } from './model.js';
import type { NftPacket } from './packet.js';

/** One record of a log statement. */
export interface NftRecord {
  readonly rule: NftRule;
  readonly hook: Hook;
  /** The NFLOG group; null for a log to syslog. */
  readonly group: number | null;
  readonly prefix: string | null;
  /** The destination port that the record shows. */
  readonly port: number | null;
}

/** Where a statement sends the connection. */
export interface NftTarget {
  readonly how: 'redirect' | 'dnat' | 'tproxy';
  readonly rule: NftRule;
  readonly port: number | null;
}

/** One way that a packet may have gone so far. */
export interface Walk {
  readonly packet: NftPacket;
  readonly records: readonly NftRecord[];
  readonly target: NftTarget | null;
  /** The rule or chain policy that dropped it. */
  readonly dropped: { readonly rule: NftRule | null; readonly chain: string } | null;
  /** The last rule that accepted it. */
  readonly accepted: NftRule | null;
  readonly isUnknown: boolean;
  readonly doubts: readonly string[];
}

/** More ways than these, and nothing is known. */
const WALK_LIMIT = 256;

/** Ways that differ in nothing that can still matter, as one. With too many of them, nothing is known. */
export function mergeWalks(walks: readonly Walk[]): Walk[] {
  const merged = new Map(walks.map(walk => [walkKey(walk), walk]));
  if (merged.size <= WALK_LIMIT) return [...merged.values()];
  return [{ ...walks[0]!, isUnknown: true, doubts: [...new Set(walks.flatMap(walk => walk.doubts))] }];
}

function walkKey({ packet, records, target, accepted, isUnknown }: Walk): string {
  const logged = records.map(record => [record.rule.id, record.hook]);
  return JSON.stringify([
    packet.mark,
    packet.destinationPort,
    target?.rule.id,
    accepted?.id,
    isUnknown,
    logged,
  ]);
}

/** Where a rule stands, for a reader: `inet filter input, handle 12`. */
export function whereNft(rule: NftRule): string {
  return `${rule.family} ${rule.table} ${rule.chain}, handle ${rule.handle}`;
}
