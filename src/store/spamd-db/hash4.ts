// The hash function of Berkeley DB 1.85 hash files (hash4 of hash_func.c in the BSDs' libc).

/** The 32-bit hash of a key, or of the bytes from `start` to before `end`: 33 times what came before, plus the byte. */
export function hash4(key: Uint8Array, start = 0, end: number = key.length): number {
  let hash = 0;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 33) + key[i]!) | 0;
  return hash >>> 0;
}
