import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { parseAddress } from '../../src/address/address.js';
import { LiveWriter, type LiveWriterOptions, type WhiteAddress } from '../../src/daemon/live-writer.js';
import { MemoryStore } from '../../src/store/memory-store.js';
import { type BatchResult, StoreError } from '../../src/store/store.js';
import { Batch } from '../../src/whitelist/batch.js';
import { packOrigin, putSighting, SIGHTING_FIELD } from '../../src/whitelist/sighting-block.js';

const NOW = 1_800_000_000;
const WHITEEXP = 3600;
const RULE = { interface: 'em0', ruleset: '', rulenr: 3, subrulenr: null };

/** A database that fails when told, and remembers the batches that it took. */
class Weather extends MemoryStore {
  readonly batches: Batch[] = [];
  failure: StoreError | undefined;
  attempts = 0;
  /** Holds the next writes up until it is fulfilled. */
  gate: Promise<void> = Promise.resolve();

  override async applyBatch(batch: Batch, whiteexpSeconds: number): Promise<BatchResult> {
    this.attempts++;
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    this.batches.push(new Batch(batch.words.slice(), batch.rules));
    return super.applyBatch(batch, whiteexpSeconds);
  }

  /** Addresses and counts of a batch. */
  taken(index: number): [string, number][] {
    return [...this.batches[index]!].map(({ address, count }) => [address, count]);
  }
}

function sighting(address: string, time: number = NOW): Int32Array {
  const words = new Int32Array(SIGHTING_FIELD.wideStride);
  return words.slice(0, putSighting(words, 0, parseAddress(address)!, time, packOrigin(0, 1)));
}

function setUp(options: Partial<LiveWriterOptions> = {}) {
  const store = new Weather();
  const white: WhiteAddress[] = [];
  const trouble: (string | undefined)[] = [];
  let overflows = 0;
  const all: LiveWriterOptions = {
    store: () => store,
    rules: () => [RULE],
    whiteexpSeconds: WHITEEXP,
    flushIntervalMs: 1000,
    rowsAtOnce: 5000,
    onWritten: addresses => {
      for (const address of addresses) white.push(address);
    },
    onTrouble: error => trouble.push(error?.message),
    onOverflow: () => {
      overflows++;
    },
    ...options,
  };
  const writer = new LiveWriter(all);
  return { store, writer, white, trouble, options: all, overflows: () => overflows };
}

/** Lets promises settle; the clock of timers is the test's. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

async function pass(milliseconds: number): Promise<void> {
  mock.timers.tick(milliseconds);
  await settle();
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
});

test('an address that is not known is written after 5 ms, with all that came meanwhile', async () => {
  const { store, writer, white } = setUp();
  writer.add(sighting('192.0.2.1'));
  await pass(4);
  assert.equal(store.attempts, 0);
  writer.add(sighting('2001:db8::1'));
  writer.add(sighting('192.0.2.1', NOW + 1));
  await pass(1);
  assert.deepEqual(store.taken(0), [
    ['192.0.2.1', 2],
    ['2001:db8::1', 1],
  ]);
  assert.deepEqual(white, [
    { address: '192.0.2.1', expire: NOW + 1 + WHITEEXP, isNew: true },
    { address: '2001:db8::1', expire: NOW + WHITEEXP, isNew: true },
  ]);
  const { lastFlush, ...counts } = writer.counts();
  assert.ok(lastFlush !== null);
  assert.deepEqual(counts, {
    writtenSightings: 3,
    writtenAddresses: 2,
    added: 2,
    refreshed: 0,
    trapped: 0,
    transactions: 1,
    dropped: 0,
    waiting: 0,
  });
});

test('an address that is known is refreshed once in an interval', async () => {
  const { store, writer, white } = setUp();
  writer.add(sighting('192.0.2.1'));
  await pass(5);
  for (let i = 1; i <= 10; i++) {
    writer.add(sighting('192.0.2.1', NOW + i));
    await pass(50);
  }
  assert.equal(store.batches.length, 1);
  assert.equal(writer.waiting, 1);
  await pass(500);
  assert.deepEqual(store.taken(1), [['192.0.2.1', 10]]);
  assert.deepEqual(white.at(-1), { address: '192.0.2.1', expire: NOW + 10 + WHITEEXP, isNew: false });
  assert.equal(writer.counts().refreshed, 1);
});

test('an address whose entry has ended is new again', async () => {
  const { store, writer } = setUp();
  writer.add(sighting('192.0.2.1'));
  await pass(5);
  writer.add(sighting('192.0.2.1', NOW + WHITEEXP));
  await pass(5);
  assert.equal(store.batches.length, 2);
  assert.equal(writer.counts().added, 2);
});

test('a trapped address stays trapped and is not called white', async () => {
  const { store, writer, white } = setUp();
  await store.trap('192.0.2.1', NOW, 86_400);
  writer.add(sighting('192.0.2.1'));
  await pass(5);
  assert.deepEqual(white, []);
  assert.equal(writer.counts().trapped, 1);
});

test('while the database fails all is kept, each address once, and is written when it works again', async () => {
  const { store, writer, trouble } = setUp();
  store.failure = new StoreError('full', 'Cannot write to store "x": disk full');
  for (let i = 0; i < 60; i++) {
    writer.add(sighting('192.0.2.1', NOW + i));
    writer.add(sighting('192.0.2.2', NOW + i));
    await pass(1000);
  }
  assert.deepEqual(trouble, ['Cannot write to store "x": disk full']);
  // Two wait in the batch that failed, and two behind it.
  assert.equal(writer.waiting, 4);
  assert.equal(writer.counts().writtenSightings, 0);
  store.failure = undefined;
  await pass(10_000);
  assert.deepEqual(trouble, ['Cannot write to store "x": disk full', undefined]);
  assert.equal(writer.waiting, 0);
  assert.equal(writer.counts().writtenSightings, 120);
  assert.equal(store.batches.length, 2);
});

test('another failure is told, the same one again is not', async () => {
  const { store, writer, trouble } = setUp();
  writer.add(sighting('192.0.2.1'));
  for (const message of ['locked', 'locked', 'full', 'full']) {
    store.failure = new StoreError('failed', message);
    await pass(10_000);
  }
  assert.deepEqual(trouble, ['locked', 'full']);
  store.failure = undefined;
  await pass(10_000);
  writer.add(sighting('192.0.2.1', NOW + WHITEEXP));
  store.failure = new StoreError('failed', 'full');
  await pass(10_000);
  assert.deepEqual(trouble, ['locked', 'full', undefined, 'full']);
});

test('what is tried again since the database is another one fails anew', async () => {
  const { store, writer, trouble } = setUp();
  store.failure = new StoreError('full', 'full');
  writer.add(sighting('192.0.2.1'));
  await pass(5);
  assert.deepEqual(trouble, ['full']);
  writer.retry();
  await settle();
  assert.equal(store.attempts, 2);
  assert.deepEqual(trouble, ['full', 'full']);
});

test('a failing database is tried again after 0.5 s, and at last every 10 s', async () => {
  const { store, writer } = setUp();
  store.failure = new StoreError('busy', 'locked');
  writer.add(sighting('192.0.2.1'));
  await pass(5);
  const at: number[] = [];
  for (let time = 0, attempts = 1; time < 60_000; time += 100) {
    if (store.attempts > attempts) at.push(time);
    attempts = store.attempts;
    await pass(100);
  }
  assert.deepEqual(at, [500, 1500, 3500, 7500, 15_500, 25_500, 35_500, 45_500, 55_500]);
});

/** So many different addresses, from the one of that number on. */
function sightings(many: number, first = 0): Int32Array {
  const words = new Int32Array(many * SIGHTING_FIELD.stride);
  let end = 0;
  for (let i = 0; i < many; i++) {
    end = putSighting(words, end, [0, 0, 0xffff, 0x0a000000 + first + i], NOW, packOrigin(0, 1));
  }
  return words;
}

test('what does not fit is counted, and said once a time', async () => {
  const { store, writer, overflows } = setUp();
  store.failure = new StoreError('busy', 'locked');
  writer.add(sightings(500_100));
  assert.equal(writer.waiting, 500_000);
  assert.equal(writer.counts().dropped, 100);
  assert.equal(overflows(), 1);
  store.failure = undefined;
  await writer.drain();
  assert.equal(writer.counts().writtenSightings, 500_000);
  assert.equal(writer.waiting, 0);
});

test('that too much waits is not said with every batch of a database that does not keep up', async () => {
  const { store, writer, overflows } = setUp();
  let open = (): void => {};
  const close = (): void => {
    store.gate = new Promise(resolve => {
      open = resolve;
    });
  };
  close();
  writer.add(sightings(500_100));
  for (let batch = 1; batch <= 4; batch++) {
    await pass(5);
    open();
    close();
    for (let i = 0; i < 100 && writer.counts().transactions < batch; i++) await settle();
    assert.equal(writer.counts().transactions, batch);
    writer.add(sightings(6000, batch * 1_000_000));
  }
  assert.equal(overflows(), 1);
  store.gate = Promise.resolve();
  open();
  for (let i = 0; i < 100_000 && writer.waiting > 0; i++) await pass(5);
  writer.add(sightings(500_100, 8_000_000));
  assert.equal(overflows(), 2);
});

test('many refreshes are written some at a time, and what is new meanwhile in between', async () => {
  const { store, writer } = setUp({ rowsAtOnce: 2 });
  const known = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5'];
  for (const address of known) writer.known.setText(address, NOW + WHITEEXP);
  for (const address of known) writer.add(sighting(address));
  let open: () => void = () => {};
  store.gate = new Promise(resolve => {
    open = resolve;
  });
  await pass(1000);
  assert.equal(store.attempts, 1);
  for (const address of ['192.0.2.11', '192.0.2.12', '192.0.2.13']) writer.add(sighting(address));
  assert.equal(writer.waiting, 8);
  open();
  await settle();
  const written = store.batches.map(batch => [...batch].map(({ address }) => address));
  assert.deepEqual(written, [
    ['192.0.2.1', '192.0.2.2'],
    ['192.0.2.11', '192.0.2.12'],
    ['192.0.2.13'],
    ['192.0.2.3', '192.0.2.4'],
    ['192.0.2.5'],
  ]);
  assert.deepEqual([writer.waiting, writer.counts().writtenSightings], [0, 8]);
});

test('when the database fails between two parts, each is written once', async () => {
  const { store, writer } = setUp({
    rowsAtOnce: 2,
    onWritten: () => {
      if (store.attempts === 1) store.failure = new StoreError('busy', 'locked');
    },
  });
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) writer.add(sighting(address));
  await pass(5);
  assert.equal(writer.waiting, 1);
  writer.add(sighting('192.0.2.4'));
  assert.equal(writer.waiting, 2);
  store.failure = undefined;
  await pass(500);
  assert.deepEqual(
    store.batches.map(batch => [...batch].map(({ address }) => address)),
    [['192.0.2.1', '192.0.2.2'], ['192.0.2.3'], ['192.0.2.4']],
  );
});

test('draining writes what waits, the refreshes too', async () => {
  const { store, writer } = setUp();
  writer.add(sighting('192.0.2.1'));
  await pass(5);
  writer.add(sighting('192.0.2.1', NOW + 1));
  writer.add(sighting('192.0.2.2', NOW + 1));
  await writer.drain();
  assert.equal(writer.counts().writtenSightings, 3);
  assert.equal(writer.waiting, 0);
  assert.equal(store.attempts, 3);
});

test('draining while a retry is due writes each batch once', async () => {
  const { store, writer } = setUp();
  store.failure = new StoreError('busy', 'locked');
  writer.add(sighting('192.0.2.1'));
  await pass(5);
  store.failure = undefined;
  let open: () => void = () => {};
  store.gate = new Promise(resolve => {
    open = resolve;
  });
  const drained = writer.drain();
  await pass(600);
  open();
  await drained;
  await pass(60_000);
  assert.deepEqual([store.batches.length, writer.counts().writtenSightings], [1, 1]);
});

test('draining into a database that fails says so, and keeps count of what is lost', async () => {
  const { store, writer, trouble } = setUp();
  store.failure = new StoreError('full', 'Cannot write to store "x": disk full');
  writer.add(sighting('192.0.2.1'));
  const message = 'Cannot write to store "x": disk full; 1 sighting of 1 address is lost';
  await assert.rejects(writer.drain(), { name: 'StoreError', code: 'full', message });
  assert.equal(writer.waiting, 1);
  assert.deepEqual(trouble, [], 'nothing is said to wait');
});

test('what is lost at the end is counted by sightings and by distinct addresses', async () => {
  const { store, writer } = setUp();
  store.failure = new StoreError('full', 'no');
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.1', '2001:db8::1']) writer.add(sighting(address));
  await pass(5);
  // One batch is stuck; the same addresses come again behind it.
  for (const address of ['192.0.2.1', '192.0.2.3']) writer.add(sighting(address));
  await assert.rejects(writer.drain(), { message: 'no; 6 sightings of 4 addresses are lost' });
});

test('with other options what waited is written as it was meant', async () => {
  const { store, writer, options } = setUp();
  writer.add(sighting('192.0.2.1'));
  writer.use({ ...options, whiteexpSeconds: 7200 });
  await settle();
  writer.add(sighting('192.0.2.2'));
  await pass(5);
  assert.deepEqual(
    [0, 1].map(index => store.taken(index)),
    [[['192.0.2.1', 1]], [['192.0.2.2', 1]]],
  );
});

test('with other options while nothing waits, what comes later is written', async () => {
  const { store, writer, options } = setUp();
  writer.use(options);
  await settle();
  writer.add(sighting('192.0.2.1'));
  await pass(5);
  assert.deepEqual(store.taken(0), [['192.0.2.1', 1]]);
});

test('other options that come while it drains change nothing: each batch is written once', async () => {
  const { store, writer, options } = setUp({ rowsAtOnce: 2 });
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) writer.add(sighting(address));
  let open: () => void = () => {};
  store.gate = new Promise(resolve => {
    open = resolve;
  });
  const drained = writer.drain();
  await settle();
  writer.use(options);
  await settle();
  open();
  await drained;
  await settle();
  const written = store.batches.map(batch => [...batch].map(({ address }) => address));
  assert.deepEqual(written, [['192.0.2.1', '192.0.2.2'], ['192.0.2.3']]);
  assert.equal(writer.counts().writtenSightings, 3);
});

test('other options that come while it drains do not hide that the database fails', async () => {
  const { store, writer, options } = setUp();
  store.failure = new StoreError('full', 'no');
  writer.add(sighting('192.0.2.1'));
  const drained = writer.drain();
  await settle();
  writer.use(options);
  await assert.rejects(drained, { message: 'no; 1 sighting of 1 address is lost' });
});

test('what a listener throws is not taken for a failure of the database', async () => {
  const { store, writer, trouble } = setUp({
    onWritten: () => {
      throw new Error('a defect');
    },
  });
  writer.add(sighting('192.0.2.1'));
  await assert.rejects(writer.drain(), /a defect/);
  assert.equal(store.batches.length, 1);
  assert.deepEqual(trouble, []);
});
