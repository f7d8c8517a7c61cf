// What should become of a connection.

import type { VerdictRow } from './report.js';

/** Whether that is how it should be; null where it is a matter of taste, or not known. */
export function isAsItShouldBe(
  { role, family, goesTo, spamlogd }: Pick<VerdictRow, 'role' | 'family' | 'goesTo' | 'spamlogd'>,
  inboundOnly: boolean,
): boolean | null {
  if (goesTo === 'unknown' || spamlogd === 'unknown') return null;
  // Many sites have no mail over IPv6, and block it altogether.
  const isLeftOut = goesTo === 'blocked' && family === 'inet6';
  switch (role) {
    case 'white':
      return isLeftOut ? null : goesTo === 'mta' && spamlogd === 'whitelists';
    case 'nospamd':
      return isLeftOut ? null : goesTo === 'mta';
    case 'stranger':
    case 'trapped':
      if (spamlogd !== 'nothing') return false;
      return goesTo === 'blocked' ? null : goesTo === 'tarpit';
    case 'mail-server':
      return isLeftOut ? null : goesTo === 'mta' && (spamlogd === 'whitelists' || inboundOnly);
    case 'lan':
      return spamlogd === 'nothing';
  }
}
