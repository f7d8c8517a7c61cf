// The hash function of Berkeley DB 1.85 hash files (hash4 of hash_func.c in the BSDs' libc).

/** The 32-bit hash of a key: 33 times what came before, plus the byte. */
export function hash4(key: Uint8Array): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 33) + key[i]!) | 0;
  return hash >>> 0;
}
