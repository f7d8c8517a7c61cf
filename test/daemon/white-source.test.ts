import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { whiteSource } from '../../src/daemon/white-source.js';
import { WorkerStore } from '../../src/store/worker-store.js';
import { temporaryFolder } from '../support/folder.js';

const ROWS = 3000;

test('a database that is closed while it is read, or before, has no end that could be taken for its last entry', async t => {
  const store = WorkerStore.start(join(temporaryFolder(t), 'db'), { canCreate: true, busyTimeoutMs: 1000 });
  const now = Math.floor(Date.now() / 1000);
  await Promise.all(
    Array.from({ length: ROWS }, (_, i) => store.add(`10.0.${i >> 8}.${i & 255}`, now, 3600)),
  );
  const source = whiteSource(() => store);
  const read = async (onFirst: () => void): Promise<number> => {
    let count = 0;
    for await (const _ of source(now)) if (++count === 1) onFirst();
    return count;
  };
  assert.equal(await read(() => {}), ROWS);
  await assert.rejects(
    read(() => void store.close()),
    { name: 'StoreError' },
  );
  await assert.rejects(
    read(() => {}),
    { name: 'StoreError' },
  );
});
