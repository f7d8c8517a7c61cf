// The addresses that the writers of a test see.

/** The addresses that every writer sees. */
export function sharedAddresses(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `192.0.${i >>> 8}.${i & 0xff}`);
}

/** The addresses that one writer sees in one batch, and nobody else. */
export function uniqueAddresses(count: number, own: number, batch: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const number = batch * count + i;
    return `10.${own}.${(number >>> 8) & 0xff}.${number & 0xff}`;
  });
}
