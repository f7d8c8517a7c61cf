// Which pf a ruleset was written for, by the statements that only one of them has.

import type { Dialect } from './source.js';

const FREEBSD =
  /^[ \t]*(?:@\d+(?:\(\d+\))?[ \t]+)?(?:no[ \t]+)?(?:rdr|nat|binat|scrub|(?:rdr|nat|binat)-anchor)[ \t]/m;

/** FreeBSD's where there are translation or scrub rules of their own; OpenBSD's otherwise, as the two agree on the rest. */
export function detectDialect(text: string): Dialect {
  return FREEBSD.test(text) ? 'freebsd' : 'openbsd';
}
