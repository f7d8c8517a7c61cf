// One hash file changed in turns by us and by libdb1-compat, compared with a model after every turn.

import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { type HashFile, openForChange } from '../../../src/store/spamd-db/hash-file.js';
import { BufferedFile, DescriptorFile } from '../../../src/store/spamd-db/page-file.js';
import { findProblems } from '../../../src/store/spamd-db/verify.js';
import type { Libdb1 } from './libdb1.js';
import { pick, type Random, seededRandom } from './random.js';

type Operation = readonly ['put', string, string] | readonly ['del' | 'get', string];

const PAGE_BYTES = [512, 1024, 2048, 4096, 4096, 8192, 16_384, 32_768];

/** Changes a file at `path` by turns; an assertion fails where anything differs. */
export async function fuzz(seed: number, path: string, libdb1: Libdb1): Promise<void> {
  const random = seededRandom(seed);
  const bsize = pick(random, PAGE_BYTES);
  const model = new Map<string, string>();
  const keys = Array.from({ length: 10 + random(pick(random, [50, 400, 1200])) }, () =>
    randomKey(random, bsize),
  );
  const isOurs = random(3) === 0;
  const lorder = isOurs ? 1234 : pick(random, [1234, 4321]);
  if (isOurs) closeSync(openSync(path, 'w'));
  else await libdb1.ask({ path, create: { bsize, lorder, ffactor: pick(random, [0, 0, 1, 8, 60]) } });

  // A file without bytes is for us to make: libdb1-compat refuses it.
  let hasBytes = !isOurs;
  for (let turn = 3 + random(6); turn > 0; turn--) {
    const operations = randomOperations(random, keys, pick(random, [5, 50, 300]));
    const expected = operations.map(operation => perform(model, operation));
    const dump = random(2) === 0 || turn === 1;
    if (hasBytes && random(2) === 0) {
      const reply = await libdb1.ask({ path, operations: operations.flatMap(deleteBeforePut) });
      const answers = reply.results.filter((_, i) => operations.flatMap(isAsked)[i]);
      assert.deepEqual(answers, expected, `seed ${seed}: libdb1-compat answers as the model does`);
    } else {
      withFile(path, bsize, (file, target) => {
        const results = operations.map(operation => performOurs(file, operation));
        assert.deepEqual(results, expected, `seed ${seed}: we answer as the model does`);
        file.commit(target);
      });
      hasBytes = true;
    }
    if (dump) await compare(seed, path, bsize, model, libdb1);
  }
}

async function compare(
  seed: number,
  path: string,
  bsize: number,
  model: ReadonlyMap<string, string>,
  libdb1: Libdb1,
): Promise<void> {
  const theirs = (await libdb1.ask({ path, dump: true })).dump;
  withFile(path, bsize, (file, _target, source) => {
    const ours = [...file].map(({ key, value }) => [toHex(key), toHex(value)]);
    assert.deepEqual(ours, theirs, `seed ${seed}: both walk the file in one order`);
    assert.deepEqual(new Map(ours as [string, string][]), model, `seed ${seed}: the file is the model`);
    assert.equal(ours.length, model.size, `seed ${seed}: no pair is there twice`);
    const problems = [...findProblems(source)].filter(({ severity }) => severity === 'damage');
    assert.deepEqual(problems, [], `seed ${seed}: nothing is damaged`);
  });
}

/**
 * libdb1-compat loses a value that it moves to another page of a chain: its __addel() does not mark that page as
 * changed (the BSDs' libc does). After a deletion it moves nothing.
 */
function deleteBeforePut(operation: Operation): Operation[] {
  return operation[0] === 'put' ? [['del', operation[1]], operation] : [operation];
}

/** For each operation that {@link deleteBeforePut} makes of one, whether its answer is the one's own. */
function isAsked(operation: Operation): boolean[] {
  return operation[0] === 'put' ? [false, true] : [true];
}

function withFile(
  path: string,
  blockBytes: number,
  use: (file: HashFile, target: DescriptorFile, source: BufferedFile) => void,
): void {
  const fd = openSync(path, 'r+');
  try {
    const target = new DescriptorFile(fd, fstatSync(fd).size);
    const source = (): BufferedFile => new BufferedFile(target, Buffer.alloc(target.size));
    use(openForChange(source(), blockBytes), target, source());
  } finally {
    closeSync(fd);
  }
}

function randomOperations(random: Random, keys: readonly string[], most: number): Operation[] {
  const deletions = pick(random, [0, 1, 3, 6]);
  return Array.from({ length: 1 + random(most) }, () => {
    const key = pick(random, keys);
    const choice = random(10);
    if (choice === 0) return ['get', key];
    if (choice <= deletions) return ['del', key];
    return ['put', key, randomBytes(random, pick(random, [32, 32, 32, 32, 20, random(60)]))];
  });
}

/** A key that fits on a page with a value of 60 bytes. */
function randomKey(random: Random, bsize: number): string {
  const address = [192, 0, random(4), random(256)].join('.');
  const longest = Math.min(bsize - 100, pick(random, [40, 200, 2000]));
  if (random(3) > 0) return toHex(Buffer.from(address));
  const tuple = `${address}\nhelo\n<${'a'.repeat(random(longest))}@example.com>\n<b>`;
  return toHex(Buffer.from(tuple.slice(0, bsize - 80)));
}

function randomBytes(random: Random, length: number): string {
  return toHex(Uint8Array.from({ length }, () => random(256)));
}

function perform(model: Map<string, string>, operation: Operation): string | boolean | null {
  if (operation[0] === 'put') {
    model.set(operation[1], operation[2]);
    return null;
  }
  return operation[0] === 'del' ? model.delete(operation[1]) : (model.get(operation[1]) ?? null);
}

function performOurs(file: HashFile, operation: Operation): string | boolean | null {
  const key = Buffer.from(operation[1], 'hex');
  if (operation[0] === 'put') {
    file.put(key, Buffer.from(operation[2], 'hex'));
    return null;
  }
  if (operation[0] === 'del') return file.delete(key);
  const value = file.get(key);
  return value ? toHex(value) : null;
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
