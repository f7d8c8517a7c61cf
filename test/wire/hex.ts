// Literal bytes for tests: hexadecimal digits, and behind a bar on each line what they mean.

/** The bytes of lines such as `64 02 00 00 | length, family, action, reason`. */
export function hex(lines: string): Buffer {
  const digits = lines.replace(/\|.*$/gm, '').replace(/\s+/g, '');
  const bytes = Buffer.from(digits, 'hex');
  if (bytes.length * 2 !== digits.length) throw new Error('not hexadecimal digits in pairs');
  return bytes;
}

/** A copy of the bytes with some of them changed. */
export function withBytes(bytes: Buffer, at: number, ...values: number[]): Buffer {
  const copy = Buffer.from(bytes);
  copy.set(values, at);
  return copy;
}
