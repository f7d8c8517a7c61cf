import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { Output } from '../../../src/capture/child/output.js';
import { PcapWriter } from '../../../src/capture/child/pcap-writer.js';
import { parsePcapStream } from '../pcap-stream.js';

const options = { linkType: 239, snapLength: 256, queueBytes: 1_000_000 };

/** An output that keeps all it gets, as it was when it came. */
function sink(): { output: Output; data: () => Buffer; writes: () => number } {
  const chunks: Buffer[] = [];
  const output = new Output(-1, assert.fail, (bytes, offset) => {
    chunks.push(Buffer.from(bytes.subarray(offset)));
    return bytes.length - offset;
  });
  return { output, data: () => Buffer.concat(chunks), writes: () => chunks.length };
}

test('packets come out as they went in, cut to the snap length', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          seconds: fc.nat(0xffffffff),
          microseconds: fc.nat(999_999),
          bytes: fc.uint8Array({ maxLength: 600 }),
          more: fc.nat(1000),
        }),
        { maxLength: 50 },
      ),
      async packets => {
        const { output, data } = sink();
        const writer = new PcapWriter(output, options);
        const shared = Buffer.alloc(600);
        for (const { seconds, microseconds, bytes, more } of packets) {
          shared.set(bytes);
          writer.append(seconds, microseconds, shared, bytes.length, bytes.length + more);
          shared.fill(0xee);
        }
        await writer.end();
        const { linkType, snapLength, records, rest } = parsePcapStream(data());
        assert.deepEqual({ linkType, snapLength, rest }, { linkType: 239, snapLength: 256, rest: 0 });
        assert.deepEqual(
          records.map(record => ({ ...record, bytes: [...record.bytes] })),
          packets.map(({ seconds, microseconds, bytes, more }) => ({
            seconds,
            microseconds,
            length: bytes.length + more,
            bytes: [...bytes.subarray(0, 256)],
          })),
        );
        assert.equal(writer.received, packets.length);
        assert.equal(writer.dropped, 0);
      },
    ),
  );
});

test('the header is written at once, and packets at the end of the turn they came in', async () => {
  const { output, data, writes } = sink();
  const writer = new PcapWriter(output, options);
  assert.equal(data().length, 24);
  for (let i = 0; i < 3; i++) writer.append(i, 0, Buffer.alloc(10), 10, 10);
  assert.equal(data().length, 24);
  await new Promise(setImmediate);
  assert.equal(parsePcapStream(data()).records.length, 3);
  assert.equal(writes(), 2);
});

test('many packets in one turn are written in large pieces', async () => {
  const { output, data, writes } = sink();
  const writer = new PcapWriter(output, { ...options, queueBytes: 100_000_000 });
  const packet = Buffer.alloc(100);
  for (let i = 0; i < 20_000; i++) {
    packet.writeUInt32BE(i);
    writer.append(0, 0, packet, 100, 100);
  }
  await writer.end();
  const { records } = parsePcapStream(data());
  assert.deepEqual(
    records.map(({ bytes }) => bytes.readUInt32BE()),
    Array.from({ length: 20_000 }, (_, i) => i),
  );
  assert.ok(writes() < 25, `${writes()} writes`);
});

test('packets are gathered in the same memory while the reader keeps up', () => {
  const memories = new Set<ArrayBufferLike>();
  const output = new Output(-1, assert.fail, (bytes, offset) => {
    memories.add(bytes.buffer);
    return bytes.length - offset;
  });
  const writer = new PcapWriter(output, options);
  const packet = new Uint8Array(200);
  // A few at a time, and many.
  for (const count of [1, 2, 1000, 1, 3000, 500]) {
    for (let i = 0; i < count; i++) writer.append(1, 2, packet, 200, 200);
    writer.flush();
  }
  assert.equal(memories.size, 1);
});

test('a packet of the greatest length fits', async () => {
  const { output, data } = sink();
  const writer = new PcapWriter(output, { ...options, snapLength: 65_535 });
  for (let i = 0; i < 4; i++) writer.append(0, 0, Buffer.alloc(65_535, i), 65_535, 70_000);
  await writer.end();
  assert.deepEqual(
    parsePcapStream(data()).records.map(({ bytes, length }) => [bytes.length, bytes[0], length]),
    [0, 1, 2, 3].map(i => [65_535, i, 70_000]),
  );
});

test('what a reader does not take is bounded; the rest is counted, and what is kept stays whole', async () => {
  const chunks: Buffer[] = [];
  let isFull = true;
  const output = new Output(-1, assert.fail, (bytes, offset) => {
    if (isFull) throw Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' });
    chunks.push(Buffer.from(bytes.subarray(offset)));
    return bytes.length - offset;
  });
  const writer = new PcapWriter(output, options);
  for (let i = 0; i < 100_000; i++) writer.append(i, 0, Buffer.alloc(84), 84, 84);
  assert.ok(output.waiting < 1_000_000 + 2 * 128 * 1024);
  assert.equal(writer.received, 100_000);
  assert.ok(writer.dropped > 80_000);

  isFull = false;
  await output.drain();
  writer.append(7, 7, Buffer.alloc(1), 1, 1);
  await writer.end();
  const { records, rest } = parsePcapStream(Buffer.concat(chunks));
  assert.equal(rest, 0);
  assert.equal(records.length + writer.dropped, writer.received);
  assert.equal(records.at(-1)!.seconds, 7);
});

test('after the end nothing is written or counted', async () => {
  const { output, data } = sink();
  const writer = new PcapWriter(output, options);
  await writer.end();
  writer.append(1, 1, Buffer.alloc(1), 1, 1);
  await new Promise(setImmediate);
  assert.equal(data().length, 24);
  assert.equal(writer.received, 0);
});

const skip = spawnSync('tcpdump', ['--version']).status !== 0 && 'no tcpdump here';
test('tcpdump reads the stream', { skip }, async () => {
  const { output, data } = sink();
  const writer = new PcapWriter(output, options);
  const packet = Buffer.from('02000001080001000000000000000000', 'hex');
  writer.append(1_700_000_000, 123_456, packet, packet.length, packet.length);
  await writer.end();
  const { status, stdout } = spawnSync('tcpdump', ['-tttt', '-n', '-r', '-'], {
    input: data(),
    env: { ...process.env, TZ: 'UTC' },
    encoding: 'utf8',
  });
  assert.equal(status, 0);
  assert.match(stdout, /^2023-11-14 22:13:20\.123456 /);
});
