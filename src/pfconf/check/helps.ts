// Whether a correction helps: it is put into the rules and played before anybody is told of it.

import type { Correction } from './correction.js';
import type { Judged, Subject } from './subject.js';

/**
 * The first of the corrections that puts the rows right, otherwise the first that makes some of them better; null
 * where there is none. One that makes any other connection worse is no correction: no stranger may be whitelisted by
 * what we advise, no mail may be lost.
 */
export function firstThatHelps(
  subject: Subject,
  rows: readonly Judged[],
  candidates: readonly Correction[],
): Correction | null {
  const wanted = new Set(rows.map(({ connection }) => connection.id));
  let second: Correction | null = null;
  for (const candidate of candidates) {
    const after = subject.tryOut(candidate);
    if (!after || doesHarm(subject, after)) continue;
    const ofRows = after.filter(({ connection }) => wanted.has(connection.id));
    if (ofRows.every(one => rankOf(one, subject) === BEST)) return candidate;
    if (second === null && ofRows.some(one => rankOf(one, subject) > rankBefore(one, subject)))
      second = candidate;
  }
  return second;
}

/** Whether the correction makes no connection worse. */
export function isHarmless(subject: Subject, candidate: Correction): boolean {
  const after = subject.tryOut(candidate);
  return after !== null && !doesHarm(subject, after);
}

function doesHarm(subject: Subject, after: readonly Judged[]): boolean {
  return after.some(one => {
    const before = beforeOf(one, subject);
    const isLost = before?.verdict.goesTo === 'mta' && one.verdict.goesTo !== 'mta';
    return rankOf(one, subject) < rankBefore(one, subject) || (isLost && one.connection.role === 'lan');
  });
}

function beforeOf({ connection }: Judged, { judged }: Subject): Judged | undefined {
  return judged.find(one => one.connection.id === connection.id);
}

function rankBefore(after: Judged, subject: Subject): number {
  const before = beforeOf(after, subject);
  return before ? rankOf(before, subject) : 0;
}

const BEST = 3;

/** How well a connection fares, from 0 to {@link BEST}. */
function rankOf({ connection, verdict }: Judged, { options }: Subject): number {
  const { goesTo, spamlogd } = verdict;
  switch (connection.role) {
    case 'white':
    case 'mail-server':
    case 'nospamd': {
      if (goesTo !== 'mta') return goesTo === 'unknown' ? 1 : 0;
      const isSilent = connection.role === 'nospamd';
      const isLeftOut = connection.role === 'mail-server' && options.policy.inboundOnly;
      return isSilent || isLeftOut || spamlogd === 'whitelists' ? BEST : 2;
    }
    case 'stranger':
    case 'trapped':
      if (spamlogd !== 'nothing') return spamlogd === 'whitelists' ? 0 : 1;
      return goesTo === 'mta' || goesTo === 'unknown' ? 2 : BEST;
    case 'lan':
      if (spamlogd === 'nothing') return BEST;
      return spamlogd === 'whitelists' ? 0 : 1;
  }
}
