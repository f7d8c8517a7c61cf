// Paths of rulesets: how an anchor's name leads from the ruleset it is called in to the one it calls.

import type { AnchorCall } from './loaded.js';

/** Characters of a ruleset's name that fit into a pflog header (PFLOG_RULESET_NAME_SIZE less the end). */
const PFLOG_NAME_LENGTH = 15;

/** The ruleset that `name` means inside of `path`; a name that begins with a slash counts from the main ruleset. */
export function childPath(path: string, name: string): string {
  const parts = name.startsWith('/') ? [] : path.split('/');
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts.filter(part => part !== '').join('/');
}

/** What an anchor rule calls. */
export function anchorCall(path: string, name: string): AnchorCall {
  const isWildcard = name === '*' || name.endsWith('/*');
  return { path: childPath(path, isWildcard ? name.slice(0, -1) : name), isWildcard };
}

/** What a pflog record would call the ruleset; null for a brace anchor of which pfctl printed no name. */
export function rulesetName(path: string): string | null {
  const name = path.split('/').at(-1) ?? '';
  return name.startsWith('_?') ? null : name.slice(0, PFLOG_NAME_LENGTH);
}
