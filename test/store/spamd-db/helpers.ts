// What several tests of spamd's database need.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parseAddress } from '../../../src/address/address.js';
import { openForChange } from '../../../src/store/spamd-db/hash-file.js';
import { MemoryFile } from '../../../src/store/spamd-db/page-file.js';
import { encodeValue } from '../../../src/store/spamd-db/value.js';
import { Batch, DIRECTION, FIELD, type LogRule } from '../../../src/whitelist/batch.js';
import type { Entry } from '../../../src/whitelist/entry.js';

/** A time that tests begin at. */
export const NOW = 1_700_000_000;

/** 36 days, in seconds. */
export const WHITEEXP = 3_110_400;

/** A folder that is gone when the test is over. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'spamd-db-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An entry, white from {@link NOW} on unless told otherwise. */
export function entry(fields: Partial<Entry> = {}): Entry {
  return { first: NOW, pass: NOW, expire: NOW + WHITEEXP, bcount: 1, pcount: 0, ...fields };
}

/** A database with these keys and values; a value may be an entry. */
export function databaseOf(
  pairs: Iterable<readonly [string, Entry | Uint8Array]>,
  pageBytes = 4096,
  file: MemoryFile = new MemoryFile(),
): MemoryFile {
  const changed = openForChange(file, pageBytes);
  for (const [key, value] of pairs) {
    changed.put(Buffer.from(key), value instanceof Uint8Array ? value : encodeValue(value));
  }
  changed.commit(file);
  return file;
}

const RULE: LogRule = { interface: 'em0', ruleset: '', rulenr: 4, subrulenr: null };

/** A batch with one sighting of each address, at one time. */
export function batchOf(addresses: readonly string[], time: number): Batch {
  const words = new Uint32Array(addresses.length * FIELD.stride);
  addresses.forEach((address, row) => {
    const at = row * FIELD.stride;
    words.set(parseAddress(address)!, at);
    for (const field of [FIELD.count, FIELD.runCount, FIELD.inbound]) words[at + field] = 1;
    for (const field of [FIELD.runStart, FIELD.runLatest, FIELD.firstSeen]) words[at + field] = time;
    words[at + FIELD.lastDirection] = DIRECTION.in;
  });
  return new Batch(words, [RULE]);
}
