// What the ways a connection may go amount to: where it ends, what is logged, what spamlogd(8) does.

import type { Direction } from '../ast.js';
import { type Effect, effectOf, type LogPolicy } from '../evaluate/effect.js';
import type { Outcome } from '../evaluate/outcome.js';
import type { PflogRecord } from '../evaluate/record.js';
import type { LoadedRule } from '../loaded.js';
import { type PortNames, redirectsSmtp } from '../redirects.js';
import type { Path, Play } from './play.js';
import type { Destination, SpamlogdEffect } from './report.js';

/** A record, and what spamlogd makes of it. */
export interface JudgedRecord {
  readonly record: PflogRecord;
  readonly effect: Effect;
  /** Whether the address that counts is the other side's, rather than one of our own. */
  readonly isCorrespondent: boolean;
}

/** The sum of a play. */
export interface Verdict {
  readonly goesTo: Destination;
  readonly spamlogd: SpamlogdEffect;
  /** The rule that decides; null where none does, or where that is in doubt. */
  readonly rule: LoadedRule | null;
  readonly records: readonly JudgedRecord[];
  readonly doubts: readonly string[];
}

/** Sums up a connection in that direction; where the ways differ, what they differ in is unknown. */
export function judge(play: Play, direction: Direction, policy: LogPolicy, names: PortNames): Verdict {
  const verdicts = play.paths.map(path => judgePath(path, direction, policy, names));
  const [first] = verdicts;
  if (!first) return { goesTo: 'unknown', spamlogd: 'unknown', rule: null, records: [], doubts: play.doubts };
  const agree = <T>(pick: (verdict: Verdict) => T): boolean =>
    verdicts.every(one => pick(one) === pick(first));
  const goesTo = agree(one => one.goesTo) ? first.goesTo : 'unknown';
  const spamlogd = agree(one => one.spamlogd) ? first.spamlogd : 'unknown';
  const isUnknown = goesTo === 'unknown' || spamlogd === 'unknown';
  return {
    goesTo,
    spamlogd,
    rule: agree(one => one.rule) ? first.rule : null,
    records: distinctRecords(verdicts.flatMap(one => one.records)),
    doubts: isUnknown ? play.doubts : [],
  };
}

function judgePath(path: Path, direction: Direction, policy: LogPolicy, names: PortNames): Verdict {
  const records = path
    .flatMap(outcome => outcome.records)
    .map(record => {
      const isRedirecting = redirectsSmtp(record.rule, { ...names, mtaPorts: policy.ports }) !== 'no';
      const isCorrespondent = record.direction === direction;
      return { record, effect: effectOf(record, policy, isRedirecting), isCorrespondent };
    });
  const end = decisive(path);
  const goesTo = destinationOf(path, policy);
  return { goesTo, spamlogd: spamlogdOf(records, goesTo), rule: end?.rule ?? null, records, doubts: [] };
}

/** The outcome that says where the connection ends: the one that blocks or redirects, otherwise the first. */
function decisive(path: Path): Outcome | undefined {
  return path.find(one => one.action !== 'pass') ?? path.find(one => one.target !== null) ?? path[0];
}

function destinationOf(path: Path, policy: LogPolicy): Destination {
  if (path.some(outcome => outcome.action === 'unknown')) return 'unknown';
  if (path.some(outcome => outcome.action === 'block')) return 'blocked';
  const targets = path.flatMap(outcome => (outcome.target ? [outcome.target] : []));
  if (targets.some(target => target.port === null)) return 'unknown';
  return targets.some(target => !policy.ports.includes(target.port!)) ? 'tarpit' : 'mta';
}

function spamlogdOf(records: readonly JudgedRecord[], goesTo: Destination): SpamlogdEffect {
  const has = (wanted: Effect): boolean =>
    records.some(({ effect, isCorrespondent }) => isCorrespondent && effect === wanted);
  if (has('whitelist')) return 'whitelists';
  if (has('guarded')) return 'guarded';
  return goesTo === 'unknown' ? 'unknown' : 'nothing';
}

function distinctRecords(records: readonly JudgedRecord[]): JudgedRecord[] {
  const key = ({ record }: JudgedRecord): string =>
    `${record.rule.id} ${record.logInterface} ${record.ports}`;
  return [...new Map(records.map(one => [key(one), one])).values()];
}
