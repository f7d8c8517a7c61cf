import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HashFile, openForChange, openHashFile } from '../../../src/store/spamd-db/hash-file.js';
import { isBlank } from '../../../src/store/spamd-db/hash-parts.js';
import { LoadedFile, MemoryFile } from '../../../src/store/spamd-db/page-file.js';
import { findProblems } from '../../../src/store/spamd-db/verify.js';
import type { Write } from '../../../src/store/spamd-db/write-list.js';
import { pick, type Random, seededRandom } from './random.js';

/** What the kernel copies at once: a killed process's write(2) ends at a multiple of this. */
const KERNEL_PAGE_BYTES = 4096;

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** The values that a key had one after the other; '' stands for none. */
type Model = Map<string, string[]>;

const isThere = (model: Model, key: string): boolean => (model.get(key)?.at(-1) ?? '') !== '';

/** Puts and deletes at random, in the file and in the model. */
function change(random: Random, file: HashFile, model: Model, keys: number, operations: number): void {
  const remember = (key: string, value: string): void => {
    model.set(key, [...(model.get(key) ?? []), value]);
  };
  const deletions = pick(random, [0, 1, 5]);
  for (let i = 0; i < operations; i++) {
    const key = `192.0.2.${random(keys)}`;
    if (random(10) < deletions) {
      assert.equal(file.delete(Buffer.from(key)), isThere(model, key));
      remember(key, '');
    } else {
      const value = String(random(1e9)).padEnd(pick(random, [20, 32, 32, 32, 32]));
      file.put(Buffer.from(key), Buffer.from(value));
      remember(key, value);
    }
  }
}

/** Every state of the file in which a killed writer can leave it. */
function* interruptions(bytes: Uint8Array, writes: readonly Write[]): Generator<MemoryFile> {
  const file = new MemoryFile(bytes.slice());
  yield new MemoryFile(file.bytes.slice());
  for (const write of writes) {
    const end = write.offset + write.bytes.length;
    let cut = write.offset - (write.offset % KERNEL_PAGE_BYTES) + KERNEL_PAGE_BYTES;
    for (; cut < end; cut += KERNEL_PAGE_BYTES) {
      file.write(write.bytes.subarray(0, cut - write.offset), write.offset);
      // The file is as long as what was written, so this too may end in the middle of a page.
      yield new MemoryFile(file.bytes.slice());
    }
    file.write(write.bytes, write.offset);
    yield new MemoryFile(file.bytes.slice());
  }
}

test('a writer killed after any of its writes, or within it, loses and damages nothing', () => {
  let states = 0;
  let ghosts = 0;
  for (let seed = 0; seed < 150; seed++) {
    const random = seededRandom(seed);
    const pageBytes = pick(random, [512, 512, 1024, 4096, 8192]);
    const keys = pick(random, [40, 150, 600]) * Math.max(1, pageBytes / 2048);
    const disk = new MemoryFile();
    const model: Model = new Map();
    const first = openForChange(disk, pageBytes);
    change(random, first, model, keys, random(keys) + 1);
    first.commit(disk);

    const before = new Map(model);
    // In one piece of memory, as a writer has it: there, writes of pages that follow one another become one.
    const file = openForChange(new LoadedFile(disk.bytes.slice()), pageBytes);
    change(random, file, model, keys, 1 + random(pick(random, [5, 30, keys / 4])));
    for (const state of interruptions(disk.bytes, file.stage())) {
      states++;
      ghosts += checkState(state, before, model, `seed ${seed}`);
    }
  }
  assert.ok(states > 4000, `only ${states} states`);
  assert.ok(ghosts > 40, `a split was interrupted only ${ghosts} times`);
});

test('a writer killed while it makes the file leaves an empty file or a database, and the next goes on', () => {
  let blank = 0;
  for (const pageBytes of [512, 4096, 16_384, 32_768]) {
    const file = openForChange(new MemoryFile(), pageBytes);
    const model: Model = new Map();
    change(seededRandom(pageBytes), file, model, 600, 800);
    for (const state of interruptions(new Uint8Array(0), file.stage())) {
      if (isBlank(state)) blank++;
      else checkState(state, new Map(), model, `${pageBytes}`);
      const next = openForChange(state, pageBytes);
      next.put(Buffer.from('198.51.100.1'), Buffer.alloc(32));
      next.commit(state);
      assert.deepEqual(
        [...findProblems(state)].filter(({ severity }) => severity === 'damage'),
        [],
      );
    }
  }
  assert.ok(blank > 20, `only ${blank} states without a header`);
});

/** Checks a state between two models; 1 when a split was interrupted in it. */
function checkState(state: MemoryFile, before: Model, after: Model, seed: string): number {
  const between = openHashFile(state);
  const seen = new Set<string>();
  for (const { key, value } of between) {
    const address = text(key);
    assert.ok(!seen.has(address), `${seed}: ${address} is there once`);
    seen.add(address);
    const values = after.get(address)!.slice((before.get(address) ?? ['']).length - 1);
    assert.ok(values.includes(text(value)), `${seed}: ${address} is as it was, or as it became`);
  }
  for (const address of before.keys()) {
    const wasDeleted = after.get(address)!.slice(before.get(address)!.length).includes('');
    if (isThere(before, address))
      assert.ok(seen.has(address) || wasDeleted, `${seed}: ${address} is still there`);
  }
  const problems = [...findProblems(state)].filter(({ severity }) => severity === 'damage');
  assert.deepEqual(
    problems.filter(problem => !problem.text.includes('belongs in')),
    [],
    seed,
  );

  const next = openForChange(state, KERNEL_PAGE_BYTES);
  next.put(Buffer.from('198.51.100.1'), Buffer.alloc(32));
  next.commit(state);
  assert.deepEqual(
    [...findProblems(state)].filter(({ severity }) => severity === 'damage'),
    [],
    `${seed}: the next writer repairs the file`,
  );
  return problems.length > 0 ? 1 : 0;
}
