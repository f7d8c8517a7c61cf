// The contract of list: which records fit, in which order, and how many.

import assert from 'node:assert/strict';
import type { SortKey, Store, StoreRecord } from '../../src/store/store.js';
import type { Status } from '../../src/whitelist/entry.js';
import {
  addressesOf,
  batchOf,
  type Check,
  listed,
  NOW,
  type Opened,
  seenOnce,
  sorted,
  tarpitRecord,
  tarpitTuple,
  WHITEEXP,
} from './store-subject.js';

const DAY = 86_400;

/** Made by the store's own methods, so that every database can hold them. */
async function fill(store: Store): Promise<void> {
  // Seen 1, 2 and 3 days ago, one of them for the third time, and one so long ago that it has expired.
  await store.applyBatch(seenOnce('192.0.2.10', NOW - DAY), WHITEEXP);
  await store.applyBatch(seenOnce('192.0.2.9', NOW - 2 * DAY), WHITEEXP);
  const thrice = [5, 4, 3].map(days => ({ address: '10.0.0.1', time: NOW - days * DAY }));
  await store.applyBatch(batchOf(thrice), WHITEEXP);
  await store.applyBatch(seenOnce('198.51.100.1', NOW - WHITEEXP), WHITEEXP);
  await store.trap('203.0.113.5', NOW - 100, DAY);
  await store.trap('203.0.113.6', NOW - DAY, DAY);
}

const OWN: Readonly<Record<Status, readonly string[]>> = {
  WHITE: ['10.0.0.1', '192.0.2.10', '192.0.2.9'],
  TRAPPED: ['203.0.113.5'],
  EXPIRED: ['198.51.100.1', '203.0.113.6'],
};
const ALL = Object.values(OWN).flat().sort();

const SPAMTRAPS: readonly StoreRecord[] = [
  { kind: 'spamtrap', address: 'spamtrap@example.org' },
  { kind: 'spamtrap', address: 'trap2@example.org' },
];
const TUPLES = [
  tarpitTuple('198.51.100.7', '<bob@example.org>', { expire: NOW + 1000 }),
  tarpitTuple('198.51.100.8', '<bob@example.org>', { expire: NOW - 1000 }),
];

async function plantTarpits({ plant }: Opened): Promise<void> {
  await plant([...SPAMTRAPS, ...TUPLES, tarpitRecord('192.0.2.50', { expire: NOW + 1000 })]);
}

/** The tests. */
export function checkList(check: Check): void {
  check('everything is listed', [], async store => {
    assert.deepEqual(await listed(store), []);
    await fill(store);
    assert.deepEqual(addressesOf(sorted(await listed(store))), ALL);
  });

  check("the tarpit's records are listed beside ours", ['tarpit'], async (store, opened) => {
    await fill(store);
    await plantTarpits(opened);
    const records = sorted(await listed(store));
    const foreign = records.filter(({ address }) => !ALL.includes(address));
    const entry = tarpitRecord('192.0.2.50', { expire: NOW + 1000 });
    assert.deepEqual(foreign, sorted([...SPAMTRAPS, ...TUPLES, entry]));
    assert.equal(records.length, ALL.length + foreign.length);
  });

  check('only those of a status, or of several', [], async store => {
    await fill(store);
    for (const status of ['WHITE', 'TRAPPED', 'EXPIRED'] as const) {
      const records = await listed(store, { status: new Set([status]) });
      assert.deepEqual(addressesOf(sorted(records)), OWN[status], status);
    }
    const both = await listed(store, { status: new Set(['TRAPPED', 'EXPIRED']) });
    assert.deepEqual(addressesOf(both).sort(), [...OWN.TRAPPED, ...OWN.EXPIRED].sort());
    for (const status of ['GREY', 'SPAMTRAP'] as const) {
      assert.deepEqual(await listed(store, { status: new Set([status]) }), [], status);
    }
    assert.deepEqual(await listed(store, { status: new Set() }), []);
  });

  check("only those of a status that is the tarpit's own", ['tarpit'], async (store, opened) => {
    await fill(store);
    await plantTarpits(opened);
    assert.deepEqual(sorted(await listed(store, { status: new Set(['GREY']) })), sorted(TUPLES));
    assert.deepEqual(sorted(await listed(store, { status: new Set(['SPAMTRAP']) })), sorted(SPAMTRAPS));
    const white = await listed(store, { status: new Set(['WHITE']) });
    assert.deepEqual(addressesOf(white).sort(), [...OWN.WHITE, '192.0.2.50'].sort());
  });

  check('only those whose status holds at the time asked for', [], async store => {
    await fill(store);
    const status: ReadonlySet<Status> = new Set(['WHITE']);
    const later = await listed(store, { status, now: NOW - 3 * DAY + WHITEEXP });
    assert.deepEqual(addressesOf(later).sort(), ['192.0.2.10', '192.0.2.9']);
    const before = await listed(store, { status, now: NOW - 1 });
    assert.deepEqual(addressesOf(before).sort(), [...OWN.WHITE, '198.51.100.1'].sort());
  });

  check('only those seen since a time', ['sightings'], async store => {
    await fill(store);
    const since = async (seenSince: number): Promise<string[]> =>
      addressesOf(await listed(store, { seenSince })).sort();
    assert.deepEqual(await since(NOW - DAY), ['192.0.2.10']);
    assert.deepEqual(await since(NOW - DAY + 1), []);
    assert.deepEqual(await since(0), [...OWN.WHITE, '198.51.100.1'].sort());
  });

  check(
    'an address added by hand has not been seen since a sighting of long ago',
    ['sightings'],
    async store => {
      await store.applyBatch(seenOnce('192.0.2.10', NOW - DAY), WHITEEXP);
      await store.add('192.0.2.10', NOW, WHITEEXP);
      assert.deepEqual(await listed(store, { seenSince: NOW - 3600 }), []);
    },
  );

  check('a trapped address has been seen when a sighting says so', ['sightings'], async store => {
    await store.trap('203.0.113.5', NOW - 100, DAY);
    assert.deepEqual(await listed(store, { seenSince: 0 }), []);
    await store.applyBatch(seenOnce('203.0.113.5', NOW), WHITEEXP);
    assert.deepEqual(addressesOf(await listed(store, { seenSince: NOW })), ['203.0.113.5']);
  });

  check('when the tarpit saw an address is derived from its end', ['tarpit'], async (store, opened) => {
    await opened.plant([
      tarpitRecord('192.0.2.50', { first: NOW - WHITEEXP, expire: NOW + 1000 }),
      ...TUPLES,
    ]);
    const seenSince = NOW + 1000 - WHITEEXP;
    assert.deepEqual(addressesOf(await listed(store, { seenSince })), ['192.0.2.50']);
    assert.deepEqual(await listed(store, { seenSince: seenSince + 1 }), []);
    assert.deepEqual(addressesOf(await listed(store, { seenSince, whiteexpSeconds: WHITEEXP + 1 })), []);
  });

  check('what cannot be derived is not known, and comes last', ['tarpit'], async (store, opened) => {
    const first = NOW - 3 * DAY;
    await opened.plant([
      // By hand, with a longer and with a shorter life than that of a sighting.
      tarpitRecord('192.0.2.1', { first, expire: NOW + WHITEEXP + 1 }),
      tarpitRecord('192.0.2.2', { first, expire: first + WHITEEXP - 1 }),
      tarpitRecord('192.0.2.3', { first, expire: NOW + WHITEEXP }),
      tarpitRecord('192.0.2.4', { first, expire: first + WHITEEXP }),
      tarpitTuple('192.0.2.5', '<bob@example.org>', { first, expire: NOW - DAY + WHITEEXP }),
      ...SPAMTRAPS,
    ]);
    const known = await listed(store, { seenSince: 0, sort: 'lastSeen' });
    assert.deepEqual(addressesOf(known), ['192.0.2.3', '192.0.2.4']);
    const all = addressesOf(await listed(store, { sort: 'lastSeen' }));
    assert.deepEqual(all.slice(0, 2), ['192.0.2.3', '192.0.2.4']);
    assert.deepEqual(all.slice(2, 5).sort(), ['192.0.2.1', '192.0.2.2', '192.0.2.5']);
    assert.deepEqual(all.slice(5).sort(), addressesOf(SPAMTRAPS).sort());
    const earlier = await listed(store, { seenSince: 0, now: NOW - 1 });
    assert.deepEqual(addressesOf(earlier), ['192.0.2.4']);
  });

  check('only those that end soon, and have not ended', [], async store => {
    await fill(store);
    const until = async (expiringUntil: number): Promise<string[]> =>
      addressesOf(await listed(store, { expiringUntil })).sort();
    assert.deepEqual(await until(NOW), []);
    assert.deepEqual(await until(NOW + DAY - 101), []);
    assert.deepEqual(await until(NOW + DAY - 100), OWN.TRAPPED);
    assert.deepEqual(await until(NOW + 2 * WHITEEXP), [...OWN.TRAPPED, ...OWN.WHITE].sort());
    const status = new Set<Status>(['WHITE']);
    const white = await listed(store, { status, expiringUntil: NOW - 3 * DAY + WHITEEXP });
    assert.deepEqual(addressesOf(white), ['10.0.0.1']);
  });

  check('sorted by each key', [], async store => {
    await fill(store);
    const by = async (sort: SortKey, more = {}): Promise<string[]> =>
      addressesOf(await listed(store, { sort, ...more }));
    const byAddress = ['10.0.0.1', '192.0.2.9', '192.0.2.10', '198.51.100.1', '203.0.113.5', '203.0.113.6'];
    assert.deepEqual(await by('address'), byAddress);
    const status = new Set<Status>(['WHITE']);
    assert.deepEqual(await by('lastSeen', { status }), ['192.0.2.10', '192.0.2.9', '10.0.0.1']);
    assert.deepEqual(await by('expire', { status }), ['10.0.0.1', '192.0.2.9', '192.0.2.10']);
    assert.deepEqual(await by('first', { status }), ['192.0.2.10', '192.0.2.9', '10.0.0.1']);
    assert.equal((await by('pcount'))[0], '10.0.0.1');
    assert.deepEqual((await by('pcount')).slice(-2).sort(), ['203.0.113.5', '203.0.113.6']);
    assert.deepEqual((await by('database')).sort(), ALL);
  });

  check('IPv6 is sorted by its numbers, behind IPv4', ['ipv6'], async store => {
    const ordered = [
      '192.0.2.9',
      '192.0.2.10',
      '2001:db8::9',
      '2001:db8::10',
      '2001:db8:0:1::',
      '2001:db8:10::',
    ];
    const shuffled = [...ordered.slice(3), ...ordered.slice(0, 3)];
    await store.applyBatch(batchOf(shuffled.map(address => ({ address, time: NOW }))), WHITEEXP);
    assert.deepEqual(addressesOf(await listed(store, { sort: 'address' })), ordered);
  });

  check("the tarpit's records are sorted among ours, spamtraps last", ['tarpit'], async (store, opened) => {
    await fill(store);
    await plantTarpits(opened);
    const records = await listed(store, { sort: 'expire' });
    const ends = records.map(record => (record.kind === 'spamtrap' ? Number.MAX_VALUE : record.entry.expire));
    assert.equal(records.length, ALL.length + 5);
    assert.deepEqual(
      ends,
      [...ends].sort((a, b) => a - b),
    );
  });

  check('no more than the limit, of the sorted ones the first', [], async store => {
    await fill(store);
    assert.deepEqual(addressesOf(await listed(store, { sort: 'address', limit: 2 })), [
      '10.0.0.1',
      '192.0.2.9',
    ]);
    for (const limit of [0, 1, 4, 6, 7]) {
      assert.equal((await listed(store, { limit })).length, Math.min(limit, 6));
      assert.equal((await listed(store, { limit, sort: 'lastSeen' })).length, Math.min(limit, 6));
    }
  });

  check('the limit counts spamtraps', ['tarpit'], async (store, opened) => {
    await plantTarpits(opened);
    for (const sort of ['database', 'address'] as const) {
      for (const limit of [3, 4, 5]) assert.equal((await listed(store, { sort, limit })).length, limit);
    }
    assert.equal((await listed(store, { status: new Set(['SPAMTRAP']), limit: 1 })).length, 1);
  });

  check('more than fits in a page is listed once each, in order', [], async store => {
    const addresses = Array.from({ length: 6001 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    const shuffled = addresses.toReversed();
    await store.applyBatch(batchOf(shuffled.map((address, i) => ({ address, time: NOW + i }))), WHITEEXP);
    assert.deepEqual(addressesOf(await listed(store, { sort: 'address' })), addresses);
    assert.deepEqual(addressesOf(await listed(store, { sort: 'lastSeen' })), addresses);
    assert.deepEqual(addressesOf(await listed(store)).sort(), [...addresses].sort());
  });

  check(
    'keys that are no addresses are listed, behind those that are',
    ['garbage'],
    async (store, opened) => {
      const { entry } = tarpitRecord('');
      await fill(store);
      const count = await opened.plantGarbage(entry);
      const byAddress = await listed(store, { sort: 'address' });
      assert.equal(byAddress.length, ALL.length + count);
      assert.deepEqual(addressesOf(byAddress.slice(0, ALL.length)).sort(), ALL);
      for (const record of byAddress) assert.equal(typeof record.address, 'string');
      for (const sort of ['database', 'lastSeen', 'expire', 'first', 'pcount'] as const) {
        const records = await listed(store, { sort });
        assert.deepEqual(sorted(records), sorted(byAddress), sort);
      }
      const inParts = await Promise.all(
        (['WHITE', 'TRAPPED', 'EXPIRED', 'GREY'] as const).map(status =>
          listed(store, { status: new Set([status]) }),
        ),
      );
      assert.equal(inParts.flat().length, byAddress.length);
    },
  );
}
