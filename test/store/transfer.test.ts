import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeText, formatSpamdb } from '../../src/store/spamdb-text.js';
import type { AddressRecord, StoreRecord, TupleRecord } from '../../src/store/store.js';
import {
  importRecords,
  mergeRecord,
  type PutOutcome,
  type RecordSink,
  readSpamdb,
  trustedAddresses,
  writeSpamdb,
} from '../../src/store/transfer.js';

const NOW = 1_700_000_000;
const DAY = 86_400;

function white(address: string, fields: Partial<AddressRecord['entry']> = {}): AddressRecord {
  const entry = { first: NOW - DAY, pass: NOW - DAY, expire: NOW + DAY, bcount: 1, pcount: 2, ...fields };
  return { kind: 'address', address, entry };
}

function grey(address: string): TupleRecord {
  return { ...white(address), kind: 'tuple', helo: 'h', from: '<a>', to: '<b>' };
}

const trap: StoreRecord = { kind: 'spamtrap', address: 'trap@example.org' };

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('a record that has nothing in its way is added, and one that has ended is not', () => {
  for (const record of [white('192.0.2.1'), grey('192.0.2.1'), trap]) {
    assert.deepEqual(mergeRecord(undefined, record, NOW), { outcome: 'added', record });
  }
  assert.deepEqual(mergeRecord(undefined, white('192.0.2.1', { expire: NOW }), NOW), { outcome: 'expired' });
  const ended = white('192.0.2.1', { expire: NOW, pcount: -1 });
  const record = white('192.0.2.1');
  assert.deepEqual(mergeRecord(ended, record, NOW), { outcome: 'added', record });
});

test('two WHITE entries become one with the best of both, once', () => {
  const before = white('192.0.2.1', { first: NOW - 9, expire: NOW + 9, bcount: 5, pcount: 1 });
  const record = white('192.0.2.1', {
    first: NOW - 5,
    pass: NOW - 5,
    expire: NOW + 50,
    bcount: 1,
    pcount: 8,
  });
  const merged = mergeRecord(before, record, NOW);
  assert.equal(merged.outcome, 'merged');
  assert.deepEqual(
    merged.record,
    white('192.0.2.1', { first: NOW - 9, pass: NOW - DAY, expire: NOW + 50, bcount: 5, pcount: 8 }),
  );
  assert.deepEqual(mergeRecord(merged.record, record, NOW), { outcome: 'kept' });
});

test('what the tarpit has there stays: traps, tuples and spamtraps', () => {
  const trapped = white('192.0.2.1', { pcount: -1 });
  const record = white('192.0.2.1');
  const cases: [StoreRecord, StoreRecord][] = [
    [trapped, record],
    [record, trapped],
    [grey('192.0.2.1'), grey('192.0.2.1')],
    [trap, trap],
  ];
  for (const [before, incoming] of cases)
    assert.deepEqual(mergeRecord(before, incoming, NOW), { outcome: 'kept' });
});

/** A database that adds everything, and remembers how it was asked. */
class Sink implements RecordSink {
  readonly calls: { count: number; now: number; isDry: boolean }[] = [];

  async put(records: readonly StoreRecord[], now: number, isDry: boolean): Promise<PutOutcome[]> {
    this.calls.push({ count: records.length, now, isDry });
    return records.map(record => (record.kind === 'spamtrap' ? 'unsupported' : 'added'));
  }
}

test('an import puts some thousand records at a time and counts what became of them', async () => {
  const sink = new Sink();
  const source = [...Array.from({ length: 4500 }, (_, i) => white(`192.0.2.${i}`)), trap];
  const counts = await importRecords(source, sink, { now: NOW, isDry: false });
  assert.deepEqual(counts, { read: 4501, added: 4500, merged: 0, kept: 0, expired: 0, unsupported: 1 });
  assert.deepEqual(
    sink.calls,
    [2000, 2000, 501].map(count => ({ count, now: NOW, isDry: false })),
  );
});

test('a dry run is told to the database', async () => {
  const sink = new Sink();
  await importRecords([white('192.0.2.1')], sink, { now: NOW, isDry: true });
  assert.deepEqual(sink.calls, [{ count: 1, now: NOW, isDry: true }]);
});

test('an import of nothing asks for nothing', async () => {
  const sink = new Sink();
  const counts = await importRecords([], sink, { now: NOW, isDry: false });
  assert.equal(counts.read, 0);
  assert.deepEqual(sink.calls, []);
});

test('text is read record by record whatever pieces it comes in', async () => {
  const records = [white('192.0.2.1'), grey('192.0.2.2'), trap, white('2001:db8::1')];
  const text = encodeText(records.map(formatSpamdb).join(''));
  const never = (): void => assert.fail('no line is wrong');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: text.length })),
      fc.boolean(),
      async (cuts, hasNewline) => {
        const whole = hasNewline ? text : text.subarray(0, -1);
        const ends = [...cuts.sort((a, b) => a - b), whole.length];
        const chunks = ends.map((end, i) => whole.subarray(ends[i - 1] ?? 0, end));
        assert.deepEqual(await collect(readSpamdb(chunks, never)), records);
      },
    ),
  );
});

test('a line that is none is told by its number, and the others are read', async () => {
  const long = 'x'.repeat(70_000);
  const lines = [
    '',
    formatSpamdb(white('192.0.2.1')).trim(),
    long,
    `SPAMTRAP|${long}@`,
    'WHITE|',
    formatSpamdb(trap).trim(),
  ];
  const problems: [number, string][] = [];
  const text = Buffer.from(lines.join('\n'));
  for (const size of [1, 1000, 65_536, text.length]) {
    problems.length = 0;
    const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
      text.subarray(i * size, (i + 1) * size),
    );
    const records = await collect(readSpamdb(chunks, (line, problem) => problems.push([line, problem])));
    assert.deepEqual(records, [white('192.0.2.1'), trap], `pieces of ${size}`);
    assert.deepEqual(
      problems.map(([line]) => line),
      [1, 3, 4, 5],
    );
  }
  assert.match(problems[1]![1], /longer than 65536 bytes/);
  assert.match(problems[3]![1], /WHITE takes 9 fields/);
  assert.deepEqual(
    await collect(readSpamdb([Buffer.from(long)], (line, problem) => problems.push([line, problem]))),
    [],
  );
  assert.equal(problems.length, 5);
});

const none = (): void => assert.fail('every record is one line');

test('text is written in pieces that together are the lines of all records', async () => {
  const records = Array.from({ length: 5000 }, (_, i) =>
    i % 2 ? grey(`192.0.2.${i % 256}`) : white('192.0.2.1'),
  );
  const pieces = await collect(writeSpamdb(records, none));
  assert.ok(pieces.length > 3);
  assert.equal(Buffer.concat(pieces).toString(), records.map(formatSpamdb).join(''));
  assert.deepEqual(await collect(writeSpamdb([], none)), []);
});

test('stray bytes of a record are written as they were', async () => {
  const pieces = await collect(writeSpamdb([{ ...grey('192.0.2.1'), helo: 'a\udcff' }], none));
  assert.ok(Buffer.concat(pieces).includes(Buffer.from([0x61, 0xff, 0x7c])));
});

test('addresses are trusted that have been white long enough and passed often enough', async () => {
  const old = { first: NOW - 75 * DAY, pcount: 10 };
  const records: StoreRecord[] = [
    white('192.0.2.1', old),
    white('192.0.2.2', { ...old, first: NOW - 75 * DAY + 1 }),
    white('192.0.2.3', { ...old, pcount: 9 }),
    white('192.0.2.4', { ...old, expire: NOW }),
    white('192.0.2.5', { ...old, pcount: -1 }),
    white('garbage', old),
    white('2001:DB8::1', old),
    { ...grey('192.0.2.6'), entry: white('', old).entry },
    trap,
  ];
  const trusted = trustedAddresses(records, { now: NOW, minAgeSeconds: 75 * DAY, minCount: 10 });
  assert.deepEqual(await collect(trusted), ['192.0.2.1', '2001:db8::1']);
});
