// Strings as pf.conf(5) writes them: when they need quotes, and how what is in the quotes is escaped.

import { isReserved } from './reserved.js';

const BARE_START = /^[A-Za-z0-9_:]/;
const BARE = /^[^\s(){}<>!=/#,\\$"'\p{C}\P{ASCII}]+$/u;

/** The string in double quotes, so that the lexer gives back the same string. */
export function quote(text: string): string {
  let out = '"';
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    const isEscaped = char === '"' || ((char === ' ' || char === '\t') && text[i - 1] === '\\');
    out += isEscaped ? `\\${char}` : char;
  }
  return `${out}"`;
}

/** The string bare where pf reads it as a string either way, in quotes otherwise. */
export function bareOrQuoted(text: string): string {
  return BARE_START.test(text) && BARE.test(text) && !isReserved(text) ? text : quote(text);
}
