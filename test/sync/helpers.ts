// What the tests of synchronisation share.

import { parseAddress } from '../../src/address/address.js';

/** An IPv4 address as the word that the wire has. */
export function dottedQuad(text: string): number {
  const words = parseAddress(text);
  if (!words) throw new TypeError(`Not an address: ${text}`);
  return words[3];
}
