// Compressions of capture files, told by their first bytes.

import { SavefileError } from './savefile-error.js';

/** Bytes that tell a compression. */
export const MAGIC_SIZE = 6;

function startsWith(bytes: Uint8Array, at: number, end: number, magic: readonly number[]): boolean {
  return at + magic.length <= end && magic.every((byte, i) => bytes[at + i] === byte);
}

/** Whether the bytes are the beginning of gzip data (RFC 1952). */
export function isGzip(bytes: Uint8Array, at: number, end: number): boolean {
  return startsWith(bytes, at, end, [0x1f, 0x8b]);
}

/** Compressions of newsyslog(8) that Node cannot undo, and the command that can. */
const OTHER_COMPRESSIONS = [
  { magic: [0x42, 0x5a, 0x68], name: 'bzip2', command: 'bzcat' },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: 'xz', command: 'xzcat' },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd', command: 'zstdcat' },
] as const;

/** Refuses compressions that cannot be undone here. @throws {SavefileError} */
export function refuseOtherCompression(name: string, bytes: Uint8Array, at: number, end: number): void {
  const found = OTHER_COMPRESSIONS.find(({ magic }) => startsWith(bytes, at, end, magic));
  if (found === undefined) return;
  const advice = `decompress it first, as in "${found.command} FILE | spamlogd replay -"`;
  throw new SavefileError('format', `Capture ${name} is compressed with ${found.name}; ${advice}`);
}
