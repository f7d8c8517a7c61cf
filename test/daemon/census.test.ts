import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Census } from '../../src/daemon/census.js';
import { MemoryStore } from '../../src/store/memory-store.js';
import { StoreError } from '../../src/store/store.js';

/** A store whose counting takes its time. */
class Slow extends MemoryStore {
  now = 0;
  counts = 0;
  takesMs = 10;
  failure: Error | undefined;
  gate: Promise<void> = Promise.resolve();

  override async countWhite(now: number): Promise<number> {
    this.counts++;
    await this.gate;
    this.now += this.takesMs;
    if (this.failure !== undefined) throw this.failure;
    return super.countWhite(now);
  }
}

function setUp() {
  const store = new Slow();
  return {
    store,
    census: new Census(
      () => store,
      () => store.now,
    ),
  };
}

const add = (store: Slow, address: string) => store.add(address, Math.floor(Date.now() / 1000), 3600);

test('whoever asks is told what is white now', async () => {
  const { store, census } = setUp();
  assert.equal(census.white, null);
  await census.refresh();
  assert.equal(census.white, 0);
  await add(store, '192.0.2.1');
  store.now += 1000;
  await census.refresh();
  assert.equal(census.white, 1);
});

test('counting takes one part in a hundred of the time at most', async () => {
  const { store, census } = setUp();
  store.takesMs = 100;
  await census.refresh();
  store.now += 9_999;
  await census.refresh();
  assert.equal(store.counts, 1);
  store.now += 1;
  await census.refresh();
  assert.equal(store.counts, 2);
});

test('several who ask at once are told the same', async () => {
  const { store, census } = setUp();
  await Promise.all([census.refresh(), census.refresh(), census.refresh()]);
  assert.equal(store.counts, 1);
});

test('who asks does not wait for a database that does not answer, and is told what was', async () => {
  const { store, census } = setUp();
  await census.refresh();
  store.now += 10_000;
  let open = (): void => {};
  store.gate = new Promise(resolve => {
    open = resolve;
  });
  await add(store, '192.0.2.1');
  await census.refresh();
  assert.equal(census.white, 0);
  const counted = census.count();
  open();
  await counted;
  assert.equal(census.white, 1);
});

test('a failure leaves the number as it was, and is for the one who counts', async () => {
  const { store, census } = setUp();
  await add(store, '192.0.2.1');
  await census.refresh();
  store.now += 10_000;
  store.failure = new StoreError('busy', 'locked');
  await census.refresh();
  assert.equal(census.white, 1);
  await assert.rejects(census.count(), { message: 'locked' });
});
