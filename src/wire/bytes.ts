// Reading integers out of bytes. The caller has checked the bounds.

/** Unsigned 16-bit integer in network byte order. */
export function be16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Unsigned 32-bit integer in network byte order. */
export function be32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Unsigned 32-bit integer, least significant byte first. */
export function le32(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 3]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 1]! << 8) | bytes[at]!) >>> 0;
}

/** Unsigned 16-bit integer in the byte order of a file. */
export function u16(bytes: Uint8Array, at: number, isLittleEndian: boolean): number {
  return isLittleEndian ? (bytes[at + 1]! << 8) | bytes[at]! : be16(bytes, at);
}

/** Unsigned 32-bit integer in the byte order of a file. */
export function u32(bytes: Uint8Array, at: number, isLittleEndian: boolean): number {
  return isLittleEndian ? le32(bytes, at) : be32(bytes, at);
}

/** Text up to the first NUL or the end of a field; bytes beyond ASCII stay one character each (Latin-1). */
export function fieldText(bytes: Uint8Array, at: number, length: number): string {
  let text = '';
  for (let i = at; i < at + length && bytes[i] !== 0; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
