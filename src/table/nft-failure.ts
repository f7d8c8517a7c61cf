// What nft's error texts mean, in a sentence that says what to do.

import { firstLine, type Reason } from './run-failure.js';

/** Why nothing more goes into a set. */
export const FULL: Reason = {
  code: 'full',
  words: 'the set is full; declare it with a greater "size", or with none',
};

/** The kernel's answers as strerror(3) words them, and what they mean here; the first that fits counts. */
const RULES: readonly (readonly [RegExp, Reason])[] = [
  [
    /No such file or directory/,
    { code: 'missing', words: 'there is no such table or set; load the ruleset that declares it' },
  ],
  // ENFILE is how the kernel says that a set has reached its size.
  [/Too many open files in system|File table overflow/, FULL],
  [
    // One complaint for each element that was refused: nft has lost all of them.
    /No buffer space available/,
    { code: 'failed', words: 'the kernel refused so many elements that nft cannot tell why' },
  ],
  [
    /Operation not permitted|Permission denied/,
    { code: 'permission', words: 'the kernel forbids it; run nft as root or with CAP_NET_ADMIN' },
  ],
  [
    /JSON support not compiled/i,
    { code: 'unavailable', words: 'this nft cannot print JSON; install one that was built with it' },
  ],
  [
    /Protocol not supported/,
    { code: 'unavailable', words: 'this kernel has no nftables; load nf_tables, or name another --table' },
  ],
];

/** Why nft failed. */
export function explainNft(status: number, stderr: string): Reason {
  const rule = RULES.find(([text]) => text.test(stderr));
  return rule?.[1] ?? { code: 'failed', words: `nft ended with status ${status}: ${firstLine(stderr)}` };
}
