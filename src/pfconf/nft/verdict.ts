// What the ways a connection may go through netfilter amount to.

import type { Connection } from '../check/connections.js';
import type { Destination, SpamlogdEffect } from '../check/report.js';
import type { Scenario } from '../check/scenario.js';
import type { Lookup } from './compare.js';
import { evaluateNft } from './evaluate.js';
import type { NftRule } from './model.js';
import type { NftPacket } from './packet.js';
import type { NftRecord, Walk } from './path.js';
import type { NftCheckOptions } from './scenario.js';

/** The sum of what may become of a connection. */
export interface NftVerdict {
  readonly connection: Connection;
  readonly goesTo: Destination;
  readonly spamlogd: SpamlogdEffect;
  readonly rule: NftRule | null;
  /** The chain whose policy dropped it, where no rule did. */
  readonly policyOf: string | null;
  readonly records: readonly NftRecord[];
  /** The records that spamlogd counts for the host at the other end. */
  readonly counted: readonly NftRecord[];
  readonly doubts: readonly string[];
}

/** A packet of a connection as it first comes to the machine. */
export function firstPacket(connection: Connection, port: number, phase: NftPacket['phase']): NftPacket {
  const isOwn = connection.source.place === 'self';
  return {
    family: connection.family,
    source: connection.source,
    sourcePort: 50_025,
    destination: connection.destination,
    destinationPort: port,
    iifname: isOwn ? null : connection.interface,
    oifname: isOwn ? connection.interface : null,
    phase,
    isDnat: false,
    mark: 0,
  };
}

/** Plays a connection and sums up; where the ways differ, what they differ in is unknown. */
export function judgeNft(
  connection: Connection,
  scenario: Scenario,
  options: NftCheckOptions,
  lookup: Lookup,
): NftVerdict {
  const packet = firstPacket(connection, options.ports[0] ?? 25, 'syn');
  const walks = evaluateNft(packet, scenario, lookup);
  const ends = walks.map(walk => destinationOf(walk, options));
  const goesTo = ends.every(end => end === ends[0]) ? (ends[0] ?? 'unknown') : 'unknown';
  const counted = walks.map(walk =>
    walk.records.filter(record => isCounted(record, connection, walk, scenario, options)),
  );
  const seen = counted.map(records => records.length > 0);
  const isSeenKnown = seen.every(one => one === seen[0]) && !(goesTo === 'unknown' && !seen[0]);
  const spamlogd: SpamlogdEffect = isSeenKnown ? (seen[0] ? 'whitelists' : 'nothing') : 'unknown';
  const isUnknown = goesTo === 'unknown' || spamlogd === 'unknown';
  const [first] = walks;
  return {
    connection,
    goesTo,
    spamlogd,
    rule: (first && (first.dropped ? first.dropped.rule : (first.target?.rule ?? first.accepted))) ?? null,
    policyOf: first?.dropped && !first.dropped.rule ? first.dropped.chain : null,
    records: distinct(walks.flatMap(walk => walk.records)),
    counted: distinct(counted.flat()),
    doubts: isUnknown ? [...new Set(walks.flatMap(walk => walk.doubts))] : [],
  };
}

function destinationOf(walk: Walk, options: NftCheckOptions): Destination {
  if (walk.isUnknown) return 'unknown';
  if (walk.dropped) return 'blocked';
  if (!walk.target) return 'mta';
  if (walk.target.port === null) return 'unknown';
  return options.ports.includes(walk.target.port) ? 'mta' : 'tarpit';
}

/** Whether spamlogd whitelists the other end for a record: by its group, its port and its direction. */
function isCounted(
  record: NftRecord,
  connection: Connection,
  walk: Walk,
  scenario: Scenario,
  options: NftCheckOptions,
): boolean {
  if (record.group === null || !(options.groups?.includes(record.group) ?? true)) return false;
  if (record.port === null || !options.ports.includes(record.port)) return false;
  const direction = directionOf(record, walk, scenario);
  return direction === connection.direction && !(direction === 'out' && options.inboundOnly);
}

function directionOf(record: NftRecord, walk: Walk, scenario: Scenario): 'in' | 'out' {
  if (record.hook === 'forward') return walk.packet.iifname === scenario.outside ? 'in' : 'out';
  return record.hook === 'output' || record.hook === 'postrouting' ? 'out' : 'in';
}

function distinct(records: readonly NftRecord[]): NftRecord[] {
  return [...new Map(records.map(record => [`${record.rule.id} ${record.hook}`, record])).values()];
}
