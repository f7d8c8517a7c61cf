import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { MemoryStore } from '../../src/store/memory-store.js';
import { SqliteStore } from '../../src/store/sqlite-store.js';
import { OUTCOMES, type StoreErrorCode } from '../../src/store/store.js';
import { WorkerStore } from '../../src/store/worker-store.js';
import { Tally } from '../../src/whitelist/tally.js';
import {
  ANCHOR_RULE,
  blockOf,
  entryOf,
  found,
  listed,
  NOW,
  RULE,
  recordOf,
  type Seen,
  seenOnce,
  WHITEEXP,
} from '../contract/store-subject.js';
import { temporary, whileLocked } from './sqlite-subject.js';

const HOST = '192.0.2.1';

/** Runs something on a store of its own, and removes it. */
async function withStore(
  body: (store: WorkerStore, path: string, worker: Worker) => Promise<void>,
  busyTimeoutMs = 5000,
): Promise<void> {
  const { path, remove } = temporary();
  let worker: Worker | undefined;
  process.once('worker', started => {
    worker = started;
  });
  const store = WorkerStore.start(path, { canCreate: true, busyTimeoutMs });
  try {
    await store.opened();
    await body(store, path, worker!);
  } finally {
    await store.close();
    remove();
  }
}

/** What `assert.rejects` is to see: an error of the store's. */
function storeError(code: StoreErrorCode, text: string | RegExp): object {
  const message = typeof text === 'string' ? new RegExp(text) : text;
  return { name: 'StoreError', code, message };
}

test('tallied blocks are written as a batch of the same sightings is', async () => {
  await withStore(async store => {
    const blocks: Seen[][] = [0, 1, 2].map(part =>
      Array.from({ length: 2000 }, (_, i) => ({
        address: `10.0.${(i * 7 + part) % 5}.${(i * 13) % 251}`,
        time: NOW + ((i * 31) % 1009) * (WHITEEXP / 500),
        direction: i % 3 ? 'in' : 'out',
        rule: i % 2 ? RULE : ANCHOR_RULE,
      })),
    );
    const model = new MemoryStore();
    const tally = new Tally(WHITEEXP);
    const all = blockOf(blocks.flat());
    tally.add(all.words);
    for (const words of [0, 1, 2].map(part => all.words.slice(part * 6000, (part + 1) * 6000))) {
      await store.tally(words, words.length, WHITEEXP);
    }
    const batch = tally.take(all.rules);
    const written = await store.commitTally(all.rules, WHITEEXP);
    const byAddress = (rows: Iterable<{ readonly address: string }>) =>
      [...rows].sort((a, b) => (a.address < b.address ? -1 : 1));
    assert.deepEqual(byAddress(written.batch), byAddress(batch));
    assert.deepEqual(written.result, await model.applyBatch(written.batch, WHITEEXP));
    assert.deepEqual(await found(store, '::/0'), await found(model, '::/0'));
    const next = await store.commitTally([], WHITEEXP);
    assert.deepEqual([next.batch.length, next.result.outcomes.length], [0, 0]);
  });
});

test('a batch that could not be written is kept, apart from what comes after it', async () => {
  await withStore(async (store, path) => {
    const first = blockOf([{ address: HOST, time: NOW, rule: ANCHOR_RULE }]);
    const second = blockOf([{ address: HOST, time: NOW + 60, direction: 'out', rule: RULE }]);
    await store.tally(first.words, first.words.length, WHITEEXP);
    await whileLocked(path, async unlock => {
      await assert.rejects(store.commitTally(first.rules, WHITEEXP), storeError('busy', 'locked'));
      await store.tally(second.words, second.words.length, WHITEEXP);
      await assert.rejects(store.commitTally(first.rules, WHITEEXP), storeError('busy', 'locked'));
      unlock();
      const { batch } = await store.commitTally(first.rules, WHITEEXP);
      assert.deepEqual(
        [...batch].map(row => [row.lastSeen, row.rule]),
        [[NOW, ANCHOR_RULE]],
      );
      await store.commitTally(second.rules, WHITEEXP);
    });
    const { entry, sighting } = await recordOf(store, HOST);
    assert.equal(entry.pcount, 1);
    const seen = {
      firstSeen: NOW,
      lastSeen: NOW + 60,
      lastDirection: 'out',
      inbound: 1,
      outbound: 1,
      rule: RULE,
    };
    assert.deepEqual(sighting, seen);
  }, 50);
});

test('the caller goes on while the database is locked', async () => {
  await withStore(async (store, path) => {
    await whileLocked(path, async unlock => {
      let isWritten = false;
      const writing = store.applyBatch(seenOnce(HOST, NOW), WHITEEXP).then(() => {
        isWritten = true;
      });
      // Many turns of the event loop go by, all without the lock.
      for (let i = 0; i < 50; i++) await new Promise(resolve => setImmediate(resolve));
      assert.equal(isWritten, false);
      unlock();
      await writing;
    });
    assert.equal((await entryOf(store, HOST)).pcount, 0);
  });
});

test('an error keeps its code and its sentence', async () => {
  const { path, remove } = temporary();
  try {
    writeFileSync(path, 'this is no database, but a text\n'.repeat(100));
    const store = WorkerStore.start(path, { canCreate: true });
    const refused = storeError('not-ours', `^Cannot open store "${path}": it is not an SQLite database$`);
    await assert.rejects(store.opened(), refused);
    await assert.rejects(store.add(HOST, NOW, WHITEEXP), refused);
    await assert.rejects(listed(store), refused);
    await assert.rejects(store.commitTally([], WHITEEXP), refused);
    await store.close();
  } finally {
    remove();
  }
});

test('a database that is not there is refused before anything is asked of it', async () => {
  const { path, remove } = temporary();
  try {
    const store = WorkerStore.start(path, {});
    await assert.rejects(store.opened(), storeError('missing', 'no such file'));
    await store.close();
  } finally {
    remove();
  }
});

test("the thread's end fails what waits for it, and what comes after", async () => {
  await withStore(async (store, path, worker) => {
    await whileLocked(path, async () => {
      const waiting = [store.add(HOST, NOW, WHITEEXP), store.delete(HOST), found(store, '::/0')];
      const ended = storeError('failed', `^The thread of store "${path}" has ended$`);
      const all = waiting.map(one => assert.rejects(one, ended));
      await worker.terminate();
      await Promise.all(all);
      await assert.rejects(store.expireWhite(NOW), ended);
      await assert.rejects(store.tally(new Int32Array(3), 3, WHITEEXP), ended);
    });
  });
});

test("the thread's death by an error of its own tells the error", async () => {
  await withStore(async (store, path, worker) => {
    await store.add(HOST, NOW, WHITEEXP);
    const died = storeError('failed', `^The thread of store "${path}" has died: .*null`);
    const asked = assert.rejects(
      (async () => {
        for (;;) await found(store, HOST);
      })(),
      died,
    );
    worker.postMessage(null);
    await asked;
    await assert.rejects(store.add(HOST, NOW, WHITEEXP), died);
  });
});

test('several lists at once do not disturb one another', async () => {
  await withStore(async store => {
    const seen = Array.from({ length: 3500 }, (_, i) => ({
      address: `10.0.${i >> 8}.${i & 255}`,
      time: NOW + i,
    }));
    const { words, rules } = blockOf(seen);
    await store.tally(words, words.length, WHITEEXP);
    await store.commitTally(rules, WHITEEXP);
    const [all, ordered, some] = await Promise.all([
      listed(store),
      listed(store, { sort: 'lastSeen' }),
      found(store, '10.0.3.0/24'),
    ]);
    assert.equal(all.length, 3500);
    assert.deepEqual(
      ordered.map(one => one.address),
      seen.map(one => one.address).toReversed(),
    );
    assert.equal(some.length, 256);
  });
});

const CHILD = `
  import { WorkerStore } from ${JSON.stringify(new URL('../../src/store/worker-store.js', import.meta.url).href)};
  const store = WorkerStore.start(process.argv[2], { canCreate: true });
  await store.add('192.0.2.1', 1, 2);
  await store.close();
  console.log('closed');`;

test('nothing keeps the process alive once the store is closed', async () => {
  const { folder, path, remove } = temporary();
  try {
    const script = join(folder, 'child.mjs');
    writeFileSync(script, CHILD);
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, path], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.deepEqual([status, stdout, stderr], [0, 'closed\n', '']);
    const store = new SqliteStore(path, { isReadOnly: true });
    assert.equal((await entryOf(store, HOST)).first, 1);
    await store.close();
  } finally {
    remove();
  }
});

test('batches that are under way together do not touch one another', async () => {
  await withStore(async store => {
    const batches = Array.from({ length: 20 }, (_, i) => seenOnce(`192.0.2.${i}`, NOW + i));
    const results = await Promise.all(batches.map(batch => store.applyBatch(batch, WHITEEXP)));
    assert.deepEqual(
      results.map(({ outcomes, expires }) => [...outcomes, ...expires]),
      batches.map((_, i) => [OUTCOMES.indexOf('added'), NOW + i + WHITEEXP]),
    );
    const again = await store.applyBatch(seenOnce('192.0.2.3', NOW + 50), WHITEEXP);
    assert.deepEqual([...again.outcomes], [OUTCOMES.indexOf('refreshed')]);
    assert.deepEqual([...results[3]!.outcomes], [OUTCOMES.indexOf('added')]);
    assert.equal((await found(store, '192.0.2.0/24')).length, 20);
  });
});
