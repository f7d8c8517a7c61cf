import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parsePrefix } from '../../../src/address/prefix.js';
import { openHashFile } from '../../../src/store/spamd-db/hash-file.js';
import { openLocked, unlock } from '../../../src/store/spamd-db/locked-file.js';
import { MemoryFile } from '../../../src/store/spamd-db/page-file.js';
import type { SeenAddress, SightingsBook } from '../../../src/store/spamd-db/sightings-book.js';
import {
  openSpamdDb,
  type SpamdDbOptions,
  type SpamdDbStore,
} from '../../../src/store/spamd-db/spamd-db-store.js';
import { encodeText, formatSpamdb } from '../../../src/store/spamdb-text.js';
import {
  type ListOptions,
  OUTCOMES,
  type Sighting,
  StoreError,
  type StoreRecord,
} from '../../../src/store/store.js';
import type { Batch } from '../../../src/whitelist/batch.js';
import type { Entry } from '../../../src/whitelist/entry.js';
import { flock } from './flock.js';
import { batchOf, databaseOf, entry, NOW, temporaryFolder, WHITEEXP } from './helpers.js';

/** A store over a file with these pairs, closed when the test is over. */
async function storeOf(
  t: TestContext,
  pairs: Iterable<readonly [string, Entry | Uint8Array]>,
  options: Partial<SpamdDbOptions> = {},
): Promise<{ store: SpamdDbStore; path: string }> {
  const path = join(await temporaryFolder(t), 'spamd');
  await writeFile(path, databaseOf(pairs).bytes);
  const store = await openSpamdDb({ path, lock: flock, ...options });
  t.after(() => store.close());
  return { store, path };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const ALL: ListOptions = { now: NOW, whiteexpSeconds: WHITEEXP, sort: 'database' };

async function names(store: SpamdDbStore, options: Partial<ListOptions> = {}): Promise<string[]> {
  return (await collect(store.list({ ...ALL, ...options }))).map(({ address }) => address);
}

/** A book in memory. */
class MemoryBook implements SightingsBook {
  readonly sightings = new Map<string, Sighting>();
  isBroken = false;
  isClosed = false;

  async apply(batch: Batch): Promise<void> {
    if (this.isBroken) throw new Error('the disk is full');
    for (const { address, ...rest } of batch) this.sightings.set(address, rest);
  }

  async get(addresses: readonly string[]): Promise<(Sighting | undefined)[]> {
    return addresses.map(address => this.sightings.get(address));
  }

  async put(seen: readonly SeenAddress[]): Promise<void> {
    for (const { address, sighting } of seen) this.sightings.set(address, sighting);
  }

  async ipv6(): Promise<SeenAddress[]> {
    return [...this.sightings].flatMap(([address, sighting]) =>
      address.includes(':') ? [{ address, sighting }] : [],
    );
  }

  async forgetBefore(time: number): Promise<void> {
    for (const [address, { lastSeen }] of this.sightings) if (lastSeen < time) this.sightings.delete(address);
  }

  async forget(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) this.sightings.delete(address);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

const TUPLE = '192.0.2.9\nmail.example.com\n<a@example.com>\n<b@example.org>';

/** Before anything that is derived from the ends of entries. */
const LONG_AGO = NOW - 2 * WHITEEXP;

const VARIED: readonly (readonly [string, Entry])[] = [
  ['192.0.2.1', entry({ first: LONG_AGO - 50, expire: NOW + 300, pcount: 1 })],
  ['192.0.2.20', entry({ first: LONG_AGO - 70, expire: NOW + 200, pcount: 9 })],
  ['192.0.2.3', entry({ first: LONG_AGO - 60, expire: NOW - 1, pcount: 5 })],
  ['192.0.2.4', entry({ first: LONG_AGO - 80, expire: NOW + 400, pcount: -1 })],
  ['trap@example.org', entry({ expire: 0, pcount: -2 })],
  [TUPLE, entry({ expire: NOW + 100 })],
];

test('a batch is in the file when the promise is fulfilled', async t => {
  const { store, path } = await storeOf(t, [['192.0.2.1', entry()]]);
  const result = await store.applyBatch(batchOf(['192.0.2.1', '192.0.2.2'], NOW + 9), WHITEEXP);
  assert.deepEqual(
    [...result.outcomes].map(outcome => OUTCOMES[outcome]),
    ['refreshed', 'added'],
  );
  assert.deepEqual([...result.expires], [NOW + 9 + WHITEEXP, NOW + 9 + WHITEEXP]);
  const file = openHashFile(new MemoryFile(await readFile(path)));
  assert.equal([...file].length, 2);
});

test('a file without bytes is an empty database, and made into one by the first change', async t => {
  const path = join(await temporaryFolder(t), 'spamd');
  await assert.rejects(openSpamdDb({ path, lock: flock }), (error: StoreError) => error.code === 'missing');
  assert.equal(existsSync(path), false, 'the file is spamd’s to make');
  const store = await openSpamdDb({ path, lock: flock, create: true });
  t.after(() => store.close());
  assert.equal((await stat(path)).size, 0);
  assert.deepEqual(await names(store), []);
  assert.equal((await stat(path)).size, 0);
  await store.add('192.0.2.1', NOW, WHITEEXP);
  assert.deepEqual(await names(store), ['192.0.2.1']);
  const { blksize, size } = await stat(path);
  assert.equal(size, 4 * Math.min(blksize, 32_768));
});

test('the file is never replaced', async t => {
  const { store, path } = await storeOf(t, VARIED);
  const { ino } = await stat(path);
  await store.applyBatch(batchOf(['192.0.2.1', '192.0.2.2'], NOW), WHITEEXP);
  await store.delete('192.0.2.1');
  assert.equal((await stat(path)).ino, ino);
});

test('a listing has every record, in the order of the file, as spamdb would print it', async t => {
  const { store, path } = await storeOf(t, VARIED);
  const records = await collect(store.list(ALL));
  const inFile = [...openHashFile(new MemoryFile(await readFile(path)))].map(({ key }) =>
    Buffer.from(key).toString(),
  );
  assert.deepEqual(
    records.map(record => (record.kind === 'tuple' ? TUPLE : record.address)),
    inFile,
  );
  const lines = records.map(record => encodeText(formatSpamdb(record)).toString()).sort();
  assert.deepEqual(
    lines,
    [
      `WHITE|192.0.2.1|||${LONG_AGO - 50}|${NOW}|${NOW + 300}|1|1\n`,
      `WHITE|192.0.2.20|||${LONG_AGO - 70}|${NOW}|${NOW + 200}|1|9\n`,
      `WHITE|192.0.2.3|||${LONG_AGO - 60}|${NOW}|${NOW - 1}|1|5\n`,
      `TRAPPED|192.0.2.4|${NOW + 400}\n`,
      'SPAMTRAP|trap@example.org\n',
      `GREY|192.0.2.9|mail.example.com|<a@example.com>|<b@example.org>|${NOW}|${NOW}|${NOW + 100}|1|0\n`,
    ].sort(),
  );
});

test('a listing has those of the wanted status', async t => {
  const { store } = await storeOf(t, VARIED);
  const wanted = [
    ['WHITE', ['192.0.2.1', '192.0.2.20']],
    ['TRAPPED', ['192.0.2.4']],
    ['EXPIRED', ['192.0.2.3']],
    ['GREY', ['192.0.2.9']],
    ['SPAMTRAP', ['trap@example.org']],
  ] as const;
  for (const [status, expected] of wanted) {
    assert.deepEqual((await names(store, { status: new Set([status]) })).sort(), expected, status);
  }
  assert.deepEqual(await names(store, { status: new Set() }), []);
});

test('a listing is sorted by what is asked, and cut off', async t => {
  const { store } = await storeOf(t, VARIED);
  const addresses = ['192.0.2.1', '192.0.2.3', '192.0.2.4', '192.0.2.9', '192.0.2.20', 'trap@example.org'];
  assert.deepEqual(await names(store, { sort: 'address' }), addresses);
  const byExpire = ['192.0.2.3', '192.0.2.9', '192.0.2.20', '192.0.2.1', '192.0.2.4', 'trap@example.org'];
  assert.deepEqual(await names(store, { sort: 'expire' }), byExpire);
  const byFirst = ['192.0.2.9', '192.0.2.1', '192.0.2.3', '192.0.2.20', '192.0.2.4', 'trap@example.org'];
  assert.deepEqual(await names(store, { sort: 'first' }), byFirst);
  const byCount = ['192.0.2.20', '192.0.2.3', '192.0.2.1', '192.0.2.9', '192.0.2.4', 'trap@example.org'];
  assert.deepEqual(await names(store, { sort: 'pcount' }), byCount);
  assert.deepEqual(await names(store, { sort: 'lastSeen' }), [
    '192.0.2.1',
    '192.0.2.20',
    '192.0.2.3',
    '192.0.2.4',
    '192.0.2.9',
    'trap@example.org',
  ]);
  assert.deepEqual(await names(store, { sort: 'pcount', limit: 2 }), byCount.slice(0, 2));
  assert.equal((await names(store, { limit: 2 })).length, 2);
  assert.deepEqual(await names(store, { limit: 0 }), []);
});

test('a listing has those last seen, and those that end, in time', async t => {
  const { store } = await storeOf(t, VARIED);
  const seen = await names(store, { seenSince: NOW - WHITEEXP + 300, sort: 'address' });
  assert.deepEqual(seen, ['192.0.2.1']);
  const ending = await names(store, { expiringUntil: NOW + 200, sort: 'address' });
  assert.deepEqual(ending, ['192.0.2.9', '192.0.2.20']);
});

test('a look-up finds addresses and tuples inside of a prefix', async t => {
  const { store } = await storeOf(t, [
    ...VARIED,
    ['198.51.100.1', entry()],
    ['2001:db8::1', entry()],
    ['garbage', entry()],
  ]);
  const found = async (prefix: string): Promise<string[]> =>
    (await collect(store.find(parsePrefix(prefix)!))).map(({ kind, address }) => `${kind} ${address}`).sort();
  assert.deepEqual(await found('192.0.2.9'), ['tuple 192.0.2.9']);
  assert.deepEqual(await found('198.51.100.0/24'), ['address 198.51.100.1']);
  assert.deepEqual(await found('2001:db8::/32'), ['address 2001:db8::1']);
  assert.equal((await found('192.0.2.0/24')).length, 5);
  assert.deepEqual(await found('203.0.113.0/24'), []);
});

test('a value that spamd does not know is told and left out', async t => {
  const told: [string, number][] = [];
  const onUnreadable = (key: Uint8Array, size: number): number =>
    told.push([Buffer.from(key).toString(), size]);
  const { store } = await storeOf(t, [...VARIED, ['192.0.2.99', Buffer.alloc(5)]], { onUnreadable });
  assert.equal((await names(store)).length, VARIED.length);
  assert.deepEqual(told, [['192.0.2.99', 5]]);
});

test('what the file has no room for is in the book', async t => {
  const book = new MemoryBook();
  const { store } = await storeOf(
    t,
    [
      ['192.0.2.1', entry()],
      ['192.0.2.7', entry()],
    ],
    { book },
  );
  await store.applyBatch(batchOf(['192.0.2.1', '2001:db8::1'], NOW + 5), WHITEEXP);
  const records = await collect(store.list({ ...ALL, sort: 'address' }));
  const sightings = records.map(record =>
    record.kind === 'address' ? record.sighting?.lastSeen : undefined,
  );
  assert.deepEqual(sightings, [NOW + 5, undefined, NOW + 5]);
  assert.equal(book.sightings.has('2001:db8::1'), true);
  await store.delete('192.0.2.1');
  assert.equal(book.sightings.has('192.0.2.1'), false);
  await store.expireWhite(NOW + 2 * WHITEEXP);
  assert.deepEqual(await names(store), []);
  await store.close();
  assert.equal(book.isClosed, true);
});

test('what was seen of an entry that spamd has deleted since is not told of the one it made anew', async t => {
  const book = new MemoryBook();
  const pairs = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(name => [name, entry()] as const);
  const { store } = await storeOf(t, [...pairs, ['192.0.2.4', entry({ expire: NOW + 3600 })]], {
    book,
    whiteexpSeconds: WHITEEXP,
  });
  const [sighting] = batchOf(['192.0.2.1'], NOW);
  const seenAt = (address: string, time: number): SeenAddress => ({
    address,
    sighting: { ...sighting!, lastSeen: time },
  });
  const times = [seenAt('192.0.2.1', NOW - 1), seenAt('192.0.2.2', NOW), seenAt('192.0.2.4', NOW - 1)];
  await book.put(times);
  const records = await collect(store.list({ ...ALL, sort: 'address' }));
  const told = records.map(record => record.kind === 'address' && record.sighting?.lastSeen);
  // Of the last one the end tells nothing.
  assert.deepEqual(told, [undefined, NOW, undefined, NOW - 1]);
});

test('a book that fails is told, and the batch is in the database', async t => {
  const book = new MemoryBook();
  book.isBroken = true;
  const told: unknown[] = [];
  const { store } = await storeOf(t, [], { book, onBookError: error => told.push(error) });
  await store.applyBatch(batchOf(['192.0.2.1'], NOW), WHITEEXP);
  assert.deepEqual(await names(store), ['192.0.2.1']);
  assert.match(String(told), /the disk is full/);
});

test('IPv6 addresses of a batch are counted; by hand they are refused', async t => {
  const counts: number[] = [];
  const { store } = await storeOf(t, [], { onIpv6: rows => counts.push(rows) });
  const result = await store.applyBatch(batchOf(['2001:db8::1', '192.0.2.1'], NOW), WHITEEXP);
  assert.deepEqual([...result.outcomes], [0, 0]);
  await store.applyBatch(batchOf(['192.0.2.1'], NOW), WHITEEXP);
  assert.deepEqual(counts, [1]);
  await assert.rejects(store.add('2001:db8::1', NOW, WHITEEXP), /"2001:db8::1".*IPv4 addresses only/);
  await assert.rejects(store.trap('2001:db8::1', NOW, 9), /IPv4 addresses only/);
});

test('add, trap, delete and expire work on the file', async t => {
  const { store } = await storeOf(t, []);
  assert.deepEqual(await store.add('192.0.2.1', NOW, WHITEEXP), entry());
  assert.equal((await store.trap('192.0.2.2', NOW, 86_400)).pcount, -1);
  assert.equal(await store.delete('::ffff:192.0.2.2'), true);
  assert.equal(await store.delete('192.0.2.2'), false);
  assert.deepEqual(await store.expireWhite(NOW + WHITEEXP), ['192.0.2.1']);
});

test('a dry run tells what would become of records, and changes nothing', async t => {
  const { store, path } = await storeOf(t, VARIED);
  const before = await readFile(path);
  const records: StoreRecord[] = [
    { kind: 'address', address: '192.0.2.1', entry: entry({ pcount: 50 }) },
    { kind: 'address', address: '192.0.2.8', entry: entry() },
    { kind: 'address', address: '192.0.2.4', entry: entry() },
  ];
  assert.deepEqual(await store.put(records, NOW, true), ['merged', 'added', 'kept']);
  assert.deepEqual(await readFile(path), before);
  assert.deepEqual(await store.put(records, NOW, false), ['merged', 'added', 'kept']);
  assert.deepEqual(await store.put(records, NOW, true), ['kept', 'kept', 'kept']);
});

test('a damaged file is told by its page, and left as it is', async t => {
  const { store, path } = await storeOf(t, VARIED);
  const bytes = await readFile(path);
  bytes.writeUInt16LE(7, 4096);
  await writeFile(path, bytes);
  const check = (error: unknown): boolean => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.code, 'corrupt');
    assert.equal(error.message, `Cannot use store "${path}": page 1: an index of 7 words is impossible`);
    return true;
  };
  const everyone = Array.from({ length: 50 }, (_, i) => `198.51.100.${i}`);
  await assert.rejects(store.applyBatch(batchOf(everyone, NOW), WHITEEXP), check);
  await assert.rejects(names(store), check);
  assert.deepEqual(await readFile(path), bytes);
});

test('another kind of file is refused when it is opened', async t => {
  const path = join(await temporaryFolder(t), 'spamd');
  await writeFile(path, 'SQLite format 3');
  await assert.rejects(openSpamdDb({ path, lock: flock }), (error: StoreError) => {
    assert.match(error.message, /"[^"]+spamd": it is no Berkeley DB 1\.85 hash file/);
    return error.code === 'not-ours';
  });
});

test('a file that is busy for too long is told as busy, and the next operation goes on', async t => {
  const { store, path } = await storeOf(t, VARIED, { timeoutMs: 20 });
  const other = await openSpamdDb({ path, lock: flock });
  t.after(() => other.close());
  const locked = await openLocked(path, true, { lock: flock });
  await assert.rejects(store.add('192.0.2.1', NOW, WHITEEXP), (error: StoreError) => error.code === 'busy');
  const waiting = other.add('192.0.2.1', NOW, WHITEEXP);
  await unlock(locked);
  await waiting;
  await store.add('192.0.2.1', NOW, WHITEEXP);
});

test('a database that spamd removed and made anew is the one that is used', async t => {
  const { store, path } = await storeOf(t, VARIED);
  await store.add('192.0.2.1', NOW, WHITEEXP);
  await unlink(path);
  await assert.rejects(
    store.add('192.0.2.1', NOW, WHITEEXP),
    (error: StoreError) => error.code === 'missing',
  );
  await writeFile(path, '');
  await store.add('192.0.2.77', NOW, WHITEEXP);
  assert.deepEqual(await names(store), ['192.0.2.77']);
});

test('operations asked for at once are done one after the other', async t => {
  const { store } = await storeOf(t, []);
  const addresses = Array.from({ length: 20 }, (_, i) => `192.0.2.${i}`);
  await Promise.all(addresses.map(address => store.add(address, NOW, WHITEEXP)));
  await Promise.all(Array.from({ length: 10 }, () => store.applyBatch(batchOf(addresses, NOW), WHITEEXP)));
  const records = await collect(store.list(ALL));
  assert.equal(records.length, 20);
  for (const record of records) assert.equal(record.kind === 'address' && record.entry.pcount, 10);
});

test('IPv6 addresses are white in memory, seen again and ended like others', async t => {
  const { store } = await storeOf(t, []);
  const see = async (time: number): Promise<unknown[]> => {
    const { outcomes, expires } = await store.applyBatch(
      batchOf(['192.0.2.1', '2001:db8::1'], time),
      WHITEEXP,
    );
    return [OUTCOMES[outcomes[1]!], expires[1]];
  };
  assert.deepEqual(await see(NOW), ['added', NOW + WHITEEXP]);
  assert.deepEqual(await see(NOW + 9), ['refreshed', NOW + 9 + WHITEEXP]);
  assert.deepEqual(await names(store, { sort: 'address' }), ['192.0.2.1', '2001:db8::1']);
  assert.equal((await store.get('2001:db8::1'))?.pcount, 1);
  assert.equal(await store.countWhite(NOW + 10), 2);
  assert.deepEqual(await store.expireWhite(NOW + 9 + WHITEEXP), ['192.0.2.1', '2001:db8::1']);
  assert.equal(await store.get('2001:db8::1'), undefined);
});

test('IPv6 addresses that the book remembers are white at the next start', async t => {
  const book = new MemoryBook();
  const options = { book, whiteexpSeconds: WHITEEXP };
  const { store, path } = await storeOf(t, [], options);
  await store.applyBatch(batchOf(['2001:db8::1', '192.0.2.1'], NOW), WHITEEXP);
  const next = await openSpamdDb({ path, lock: flock, ...options });
  t.after(() => next.close());
  assert.equal((await next.get('2001:db8::1'))?.expire, NOW + WHITEEXP);
  assert.equal(await next.delete('2001:db8::1'), true);
  assert.equal(book.sightings.has('2001:db8::1'), false);
  assert.deepEqual(await names(next), ['192.0.2.1']);
});

test('what was last seen longer ago than any entry lives is forgotten', async t => {
  const book = new MemoryBook();
  const { store } = await storeOf(t, [], { book });
  await store.applyBatch(batchOf(['192.0.2.1'], NOW), WHITEEXP);
  await store.applyBatch(batchOf(['192.0.2.2'], NOW + 9), WHITEEXP);
  // Spamd was first, as it is where it runs: we are not told that the entry has gone.
  const longest = 2160 * 3600;
  await store.expireWhite(NOW + WHITEEXP);
  book.sightings.set('192.0.2.1', book.sightings.get('192.0.2.2')!);
  await store.expireWhite(NOW + 9 + longest);
  assert.deepEqual([...book.sightings.keys()], ['192.0.2.1']);
  await store.expireWhite(NOW + 10 + longest);
  assert.deepEqual([...book.sightings.keys()], []);
});
