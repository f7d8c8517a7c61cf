import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type HashFile, openForChange, openHashFile } from '../../../src/store/spamd-db/hash-file.js';
import { OPERATIONS } from '../../../src/store/spamd-db/operations.js';
import type { MemoryFile } from '../../../src/store/spamd-db/page-file.js';
import { decodeRecord } from '../../../src/store/spamd-db/record.js';
import { decodeValue } from '../../../src/store/spamd-db/value.js';
import { OUTCOMES, type StoreRecord } from '../../../src/store/store.js';
import { Batch } from '../../../src/whitelist/batch.js';
import { applySightings, type Entry, firstSighting } from '../../../src/whitelist/entry.js';
import { batchOf, databaseOf, entry, NOW, WHITEEXP } from './helpers.js';

const LATER = NOW + 600;

/** Runs an operation on a database, and writes. */
function change<T>(file: MemoryFile, operation: (open: HashFile) => T): T {
  const open = openForChange(file, 4096);
  const result = operation(open);
  open.commit(file);
  return result;
}

function apply(
  file: MemoryFile,
  addresses: readonly string[],
  time: number,
): { outcomes: string[]; expires: number[] } {
  const { outcomes, expires } = change(file, open =>
    OPERATIONS.apply(open, batchOf(addresses, time).words, WHITEEXP),
  );
  return { outcomes: [...outcomes].map(outcome => OUTCOMES[outcome]!), expires: [...expires] };
}

function storedValue(file: MemoryFile, key: string): Uint8Array | undefined {
  return openHashFile(file).get(Buffer.from(key));
}

function entryOf(file: MemoryFile, key: string): Entry | undefined {
  const value = storedValue(file, key);
  return value && decodeValue(value);
}

test('an address that is not there is added as spamlogd adds it', () => {
  const file = databaseOf([]);
  assert.deepEqual(apply(file, ['192.0.2.1'], NOW), { outcomes: ['added'], expires: [NOW + WHITEEXP] });
  const expected = { first: NOW, pass: NOW, expire: NOW + WHITEEXP, bcount: 1, pcount: 0 };
  assert.deepEqual(entryOf(file, '192.0.2.1'), expected);
  assert.equal(
    Buffer.from(storedValue(file, '192.0.2.1')!).toString('hex'),
    '00f1536500000000' + '00f1536500000000' + '0067836500000000' + '01000000' + '00000000',
  );
});

test('a WHITE entry lives longer, and its beginning stays', () => {
  const before = entry({ first: NOW - 900, pass: NOW - 300, bcount: 3, pcount: 7 });
  const file = databaseOf([['192.0.2.1', before]]);
  assert.deepEqual(apply(file, ['192.0.2.1'], LATER), {
    outcomes: ['refreshed'],
    expires: [LATER + WHITEEXP],
  });
  assert.deepEqual(entryOf(file, '192.0.2.1'), { ...before, expire: LATER + WHITEEXP, pcount: 8 });
});

test('a TRAPPED entry, a tuple and whatever spamd traps with stay as they are, byte for byte', () => {
  const untouchable: [string, Entry][] = [
    ['192.0.2.1', entry({ pcount: -1 })],
    ['192.0.2.2', entry({ expire: 0, pcount: -2 })],
    ['192.0.2.1\nhelo\n<a@example.com>\n<b@example.org>', entry()],
    ['trap@example.org', entry({ expire: 0, pcount: -2 })],
    ['garbage', entry()],
  ];
  const file = databaseOf(untouchable);
  const before = Buffer.from(file.bytes);
  assert.deepEqual(apply(file, ['192.0.2.1', '192.0.2.2'], LATER), {
    outcomes: ['trapped', 'trapped'],
    expires: [NOW + WHITEEXP, 0],
  });
  assert.deepEqual(Buffer.from(file.bytes), before);
});

test('a trap that has ended, and an entry that has, are begun anew', () => {
  const file = databaseOf([
    ['192.0.2.1', entry({ expire: NOW, pcount: -1 })],
    ['192.0.2.2', entry({ expire: NOW, pcount: 5 })],
  ]);
  assert.deepEqual(apply(file, ['192.0.2.1', '192.0.2.2'], LATER).outcomes, ['added', 'added']);
  const begun = entry({ first: LATER, pass: LATER, expire: LATER + WHITEEXP });
  assert.deepEqual(entryOf(file, '192.0.2.1'), begun);
  assert.deepEqual(entryOf(file, '192.0.2.2'), begun);
});

test('a value of 20 bytes is read, and becomes one of 32', () => {
  const old = new Uint8Array(Int32Array.of(NOW - 900, NOW - 300, NOW + 900, 3, 7).buffer);
  const file = databaseOf([['192.0.2.1', old]]);
  assert.deepEqual(apply(file, ['192.0.2.1'], NOW).outcomes, ['refreshed']);
  assert.equal(storedValue(file, '192.0.2.1')!.length, 32);
  const widened = { first: NOW - 900, pass: NOW - 300, expire: NOW + WHITEEXP, bcount: 3, pcount: 8 };
  assert.deepEqual(entryOf(file, '192.0.2.1'), widened);
});

test('a value of a size that stops spamd is replaced', () => {
  const file = databaseOf([['192.0.2.1', Buffer.alloc(5)]]);
  assert.deepEqual(apply(file, ['192.0.2.1'], NOW).outcomes, ['added']);
  assert.deepEqual(entryOf(file, '192.0.2.1'), entry());
});

test('IPv6 addresses are counted and told as new, and not stored', () => {
  const file = databaseOf([]);
  const batch = batchOf(['2001:db8::1', '192.0.2.1', '2001:db8::2'], NOW);
  const applied = change(file, open => OPERATIONS.apply(open, batch.words, WHITEEXP));
  assert.equal(applied.ipv6, 2);
  assert.deepEqual([...applied.outcomes], [0, 0, 0]);
  assert.deepEqual([...applied.expires], new Array(3).fill(NOW + WHITEEXP));
  assert.deepEqual(
    [...openHashFile(file)].map(({ key }) => Buffer.from(key).toString()),
    ['192.0.2.1'],
  );
});

test('a batch of any addresses does to each what the rules of an entry say, in the order of its rows', () => {
  const address = fc
    .integer({ min: 0, max: 0xffffffff })
    .map(word => [24, 16, 8, 0].map(by => (word >>> by) & 255).join('.'));
  const times = fc.record({
    pcount: fc.integer({ min: -1, max: 3 }),
    age: fc.integer({ min: -900, max: 900 }),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(address, { minLength: 1, maxLength: 300 }),
      fc.array(times, { minLength: 1 }),
      (addresses, kinds) => {
        const known = addresses.slice(0, addresses.length / 2).map((name, i) => {
          const { pcount, age } = kinds[i % kinds.length]!;
          return [name, entry({ expire: NOW + age, pcount })] as const;
        });
        const entries = new Map(known);
        const file = databaseOf(known);
        const { outcomes, expires } = apply(file, addresses, NOW);
        addresses.forEach((name, row) => {
          const expected = applySightings(entries.get(name), firstSighting(NOW), WHITEEXP);
          assert.equal(outcomes[row], expected.outcome);
          assert.equal(expires[row], expected.entry.expire);
          assert.deepEqual(entryOf(file, name), expected.entry);
        });
        assert.equal([...openHashFile(file)].length, addresses.length);
      },
    ),
    { numRuns: 50 },
  );
});

test('an empty batch changes nothing', () => {
  const file = databaseOf([]);
  const before = Buffer.from(file.bytes);
  change(file, open => OPERATIONS.apply(open, new Batch(new Uint32Array(0), []).words, WHITEEXP));
  assert.deepEqual(Buffer.from(file.bytes), before);
});

test('add and trap do what spamdb does, and give the entry', () => {
  const file = databaseOf([['192.0.2.1', entry({ first: NOW - 9, bcount: 4, pcount: 2 })]]);
  const key = (name: string): Uint8Array => Buffer.from(name);
  const added = change(file, open => OPERATIONS.add(open, key('192.0.2.1'), LATER, WHITEEXP));
  assert.deepEqual(added, { first: NOW - 9, pass: LATER, expire: LATER + WHITEEXP, bcount: 4, pcount: 3 });
  assert.deepEqual(entryOf(file, '192.0.2.1'), added);
  const trapped = change(file, open => OPERATIONS.trap(open, key('192.0.2.1'), LATER, 86_400));
  assert.deepEqual(trapped, { first: NOW - 9, pass: LATER, expire: LATER + 86_400, bcount: 4, pcount: -1 });
  assert.deepEqual(entryOf(file, '192.0.2.1'), trapped);
  const lifted = change(file, open => OPERATIONS.add(open, key('192.0.2.1'), LATER, WHITEEXP));
  assert.equal(lifted.pcount, 0);
});

test('remove deletes an entry of an address, and nothing else', () => {
  const tuple = '192.0.2.1\nh\n<a>\n<b>';
  const file = databaseOf([
    ['192.0.2.1', entry()],
    ['192.0.2.2', entry({ pcount: -1 })],
    ['192.0.2.3', Buffer.alloc(5)],
    ['trap@example.org', entry({ pcount: -2 })],
    [tuple, entry()],
  ]);
  const remove = (name: string): boolean => change(file, open => OPERATIONS.remove(open, Buffer.from(name)));
  for (const name of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) assert.equal(remove(name), true, name);
  for (const name of ['192.0.2.1', '192.0.2.9', 'trap@example.org', tuple])
    assert.equal(remove(name), false, name);
  assert.equal([...openHashFile(file)].length, 2);
});

test('white entries of addresses that have ended are deleted and told; the others stay', () => {
  const ended = { expire: NOW };
  const file = databaseOf([
    ['192.0.2.1', entry(ended)],
    ['192.0.2.2', entry({ expire: NOW + 1 })],
    ['192.0.2.3', entry({ ...ended, pcount: -1 })],
    ['2001:db8::1', entry(ended)],
    ['garbage', entry(ended)],
    ['192.0.2.4\nh\n<a>\n<b>', entry(ended)],
    ['192.0.2.5', Buffer.alloc(20)],
  ]);
  const gone = change(file, open => OPERATIONS.expireWhite(open, NOW, Number.POSITIVE_INFINITY));
  assert.deepEqual(gone.sort(), ['192.0.2.1', '192.0.2.5', '2001:db8::1']);
  assert.deepEqual(
    [...openHashFile(file)].map(({ key }) => Buffer.from(key).toString()).sort(),
    ['192.0.2.2', '192.0.2.3', '192.0.2.4\nh\n<a>\n<b>', 'garbage'].sort(),
  );
});

test('records are put in with the keys that spamd gives them', () => {
  const file = databaseOf([]);
  const records: StoreRecord[] = [
    { kind: 'address', address: '::ffff:192.0.2.1', entry: entry({ pcount: 4 }) },
    { kind: 'tuple', address: '192.0.2.2', helo: 'h', from: '<ä>', to: '<b>', entry: entry() },
    { kind: 'spamtrap', address: 'trap@example.org' },
  ];
  assert.deepEqual(
    change(file, open => OPERATIONS.put(open, records, NOW)),
    ['added', 'added', 'added'],
  );
  const stored = [...openHashFile(file)].map(({ key, value }) => decodeRecord(key, value)!);
  const byKind = (a: StoreRecord, b: StoreRecord): number => (a.kind < b.kind ? -1 : 1);
  assert.deepEqual(stored.sort(byKind), [{ ...records[0], address: '192.0.2.1' }, records[2], records[1]]);
  assert.deepEqual(entryOf(file, 'trap@example.org'), {
    first: NOW,
    pass: 0,
    expire: 0,
    bcount: 1,
    pcount: -2,
  });
  assert.deepEqual(
    change(file, open => OPERATIONS.put(open, records, NOW)),
    ['kept', 'kept', 'kept'],
  );
});

test('records that spamd could not have are not put in', () => {
  const file = databaseOf([]);
  const tuple = {
    kind: 'tuple',
    address: '192.0.2.2',
    helo: 'h',
    from: '<a>',
    to: '<b>',
    entry: entry(),
  } as const;
  const records: StoreRecord[] = [
    { kind: 'address', address: '2001:db8::1', entry: entry() },
    { kind: 'address', address: 'garbage', entry: entry() },
    { ...tuple, address: '2001:db8::1' },
    { ...tuple, helo: 'two\nlines' },
    { ...tuple, to: 'n\0l' },
    { ...tuple, to: 'x'.repeat(5000) },
    { kind: 'spamtrap', address: 'a@b\nc' },
  ];
  assert.deepEqual(
    change(file, open => OPERATIONS.put(open, records, NOW)),
    records.map(() => 'unsupported'),
  );
  assert.deepEqual([...openHashFile(file)], []);
});
