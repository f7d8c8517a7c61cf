// spamd's database as a batch finds it, in memory: a dry run that asked for every address would lock and read all of the
// file each time.

import { canonicalAddress } from '../../address/address.js';
import { MemoryStore } from '../memory-store.js';
import type { ListOptions, Store } from '../store.js';
import { ipv4Key } from './record.js';

/** Copies what the addresses of a store's batches find there, under one lock. @throws {StoreError} */
export async function copyToMemory(
  store: Pick<Store, 'get' | 'list'>,
  options: Pick<ListOptions, 'now' | 'whiteexpSeconds'>,
): Promise<MemoryStore> {
  const copy = new MemoryStore();
  for await (const record of store.list({ ...options, sort: 'database' })) {
    if (record.kind !== 'address') continue;
    if (ipv4Key(record.address)) copy.set(record);
    else await copyIpv6(record.address);
  }
  return copy;

  /** A batch finds none of the IPv6 addresses in the file, but those beside it. */
  async function copyIpv6(text: string): Promise<void> {
    const address = canonicalAddress(text);
    const entry = address && (await store.get(address));
    if (entry) copy.set({ kind: 'address', address, entry });
  }
}
