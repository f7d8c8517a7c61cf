import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Output } from '../../../src/capture/child/output.js';

/** A descriptor that takes that many bytes at each call, and at 0 has no room. */
function descriptor(room: () => number): {
  write: (bytes: Uint8Array, offset: number) => number;
  got: number[];
} {
  const got: number[] = [];
  return {
    got,
    write: (bytes, offset) => {
      const some = bytes.subarray(offset, offset + room());
      if (some.length === 0) throw Object.assign(new Error('no room'), { code: 'EAGAIN' });
      got.push(...some);
      return some.length;
    },
  };
}

test('all bytes arrive in order, whatever the reader takes at a time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 10 }),
      fc.array(fc.nat(7), { minLength: 1, maxLength: 30 }),
      async (chunks, rooms) => {
        let call = 0;
        const { write, got } = descriptor(() => rooms[call++] ?? 5);
        const output = new Output(-1, assert.fail, write);
        for (const chunk of chunks) output.write(chunk);
        await output.drain();
        assert.deepEqual(
          got,
          chunks.flatMap(chunk => [...chunk]),
        );
        assert.equal(output.waiting, 0);
      },
    ),
    { numRuns: 50 },
  );
});

test('what waits is sent by the next write, without the event loop', () => {
  let room = 0;
  const { write, got } = descriptor(() => room);
  const output = new Output(-1, assert.fail, write);
  output.write(Uint8Array.of(1, 2, 3));
  assert.equal(output.waiting, 3);
  room = 100;
  output.write(Uint8Array.of(4));
  assert.deepEqual(got, [1, 2, 3, 4]);
  assert.equal(output.waiting, 0);
});

test('bytes may change when they were handed over, whatever of them waits', () => {
  let room = 2;
  const { write, got } = descriptor(() => room);
  const output = new Output(-1, assert.fail, (bytes, offset) => {
    const written = write(bytes, offset);
    room -= written;
    return written;
  });
  const bytes = Uint8Array.of(1, 2, 3);
  output.write(bytes);
  bytes.set([4, 5, 6]);
  output.write(bytes);
  bytes.fill(0);
  room = 100;
  output.write(Uint8Array.of(7));
  assert.deepEqual(got, [1, 2, 3, 4, 5, 6, 7]);
});

test('a reader that is gone is reported once, and nothing is kept for it', async () => {
  const errors: string[] = [];
  let isGone = false;
  const output = new Output(
    -1,
    error => errors.push(error.message),
    () => {
      throw Object.assign(new Error(isGone ? 'write EPIPE' : 'no room'), {
        code: isGone ? 'EPIPE' : 'EAGAIN',
      });
    },
  );
  output.write(Uint8Array.of(1));
  const drained = output.drain();
  isGone = true;
  await drained;
  output.write(Uint8Array.of(2));
  assert.equal(output.waiting, 0);
  assert.deepEqual(errors, ['write EPIPE']);
});
