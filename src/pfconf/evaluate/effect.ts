// What spamlogd(8) does about a pflog record.

import type { PflogRecord } from './record.js';

/** What spamlogd was told on its command line. */
export interface LogPolicy {
  /** `-l`: the N of the pflogN it reads. */
  readonly logInterface: number;
  /** `-i`: the only interface that counts; null for all. */
  readonly interface: string | null;
  /** `-I`: only inbound connections count. */
  readonly inboundOnly: boolean;
  /** Destination ports of SMTP. */
  readonly ports: readonly number[];
}

/** The policy of a spamlogd started without options. */
export const DEFAULT_POLICY: LogPolicy = {
  logInterface: 0,
  interface: null,
  inboundOnly: false,
  ports: [25],
};

/**
 * `whitelist`: the source of an inbound, the destination of an outbound connection is whitelisted. `guarded`: it would
 * be, but the rule guard or the header's rewritten port keeps spamlogd from it. Otherwise why nothing happens.
 */
export type Effect =
  | 'whitelist'
  | 'guarded'
  | 'other-log'
  | 'not-pass'
  | 'other-interface'
  | 'other-port'
  | 'direction';

/** What becomes of a record; `isRedirecting` tells whether the rule it names sends SMTP to another port. */
export function effectOf(record: PflogRecord, policy: LogPolicy, isRedirecting: boolean): Effect {
  if (record.logInterface !== policy.logInterface) return 'other-log';
  if (record.action !== 'pass') return 'not-pass';
  if (policy.interface !== null && record.interface !== policy.interface) return 'other-interface';
  const isSmtp = (port: number | null): boolean => port !== null && policy.ports.includes(port);
  if (!record.ports.some(isSmtp)) return 'other-port';
  if (record.direction === 'out' && policy.inboundOnly) return 'direction';
  return isRedirecting || !record.ports.every(isSmtp) ? 'guarded' : 'whitelist';
}
