// Which pf a ruleset was written for, by the statements that only one of them has.

import type { Dialect } from './source.js';

/** Statements of their own, at the beginning of a line; as pfctl prints them, behind a number. */
const STATEMENTS =
  /^[ \t]*(?:@\d+(?:\(\d+\))?[ \t]+)?(?:no[ \t]+)?(?:rdr|nat|binat|scrub|ether|altq|(?:rdr|nat|binat)-anchor)[ \t]/m;

/** A route right behind the interface, where OpenBSD's grammar has none: there it is among the options at the end. */
const ROUTE =
  /^[ \t]*(?:@\d+(?:\(\d+\))?[ \t]+)?(?:pass|block)[ \t](?:[^#\n]*[ \t])?on[ \t]+\S+[ \t]+(?:route-to|reply-to|dup-to)[ \t]/m;
const ROUTE_WITHOUT_INTERFACE =
  /^[ \t]*(?:@\d+(?:\(\d+\))?[ \t]+)?pass[ \t](?:(?:in|out|log|quick)[ \t]+)*(?:route-to|reply-to|dup-to)[ \t]/m;

/**
 * FreeBSD's where there are translation or scrub rules of their own, or routes where only its grammar has them;
 * OpenBSD's otherwise, as the two agree on the rest.
 */
export function detectDialect(text: string): Dialect {
  const lines = text.replace(/\\\r?\n/g, ' ');
  return [STATEMENTS, ROUTE, ROUTE_WITHOUT_INTERFACE].some(one => one.test(lines)) ? 'freebsd' : 'openbsd';
}
