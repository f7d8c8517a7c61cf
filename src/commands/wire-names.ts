// What the numbers in a log's header are called, for people.

/** pf's actions (pfvar.h): those that mean the same on all systems. */
export const PF_ACTIONS: Readonly<Record<number, string>> = {
  0: 'pass',
  1: 'block',
  2: 'scrub',
  3: 'noscrub',
  4: 'nat',
  5: 'nonat',
  6: 'binat',
  7: 'nobinat',
  8: 'rdr',
  9: 'nordr',
  10: 'synproxy-drop',
};

/** pf's reasons (pfvar.h): those that mean the same on all systems. */
export const PF_REASONS: Readonly<Record<number, string>> = {
  0: 'match',
  1: 'bad-offset',
  2: 'fragment',
  3: 'short',
  4: 'normalize',
  5: 'memory',
  6: 'bad-timestamp',
  7: 'congestion',
  8: 'ip-option',
  9: 'proto-cksum',
  10: 'state-mismatch',
  11: 'state-insert',
  12: 'state-limit',
  13: 'src-limit',
  14: 'synproxy',
};

/** Netfilter's hooks. */
export const NFLOG_HOOKS: Readonly<Record<number, string>> = {
  0: 'prerouting',
  1: 'input',
  2: 'forward',
  3: 'output',
  4: 'postrouting',
};
