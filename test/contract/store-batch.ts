// The contract of applyBatch: the life of an entry, and what is kept of its sightings.

import assert from 'node:assert/strict';
import { OUTCOMES, type Store } from '../../src/store/store.js';
import type { Batch } from '../../src/whitelist/batch.js';
import {
  ANCHOR_RULE,
  batchOf,
  type Check,
  entryOf,
  found,
  NOW,
  RULE,
  recordOf,
  type Seen,
  seenOnce,
  tarpitRecord,
  tarpitTuple,
  WHITEEXP,
} from './store-subject.js';

const HOST = '192.0.2.1';
const EXPIRE = NOW + WHITEEXP;
const DAY = 86_400;

/** Applies a batch; gives the outcome and the end of its only entry. */
async function applyOne(store: Store, batch: Batch): Promise<[outcome: string, expire: number]> {
  const { outcomes, expires } = await store.applyBatch(batch, WHITEEXP);
  assert.equal(outcomes.length, 1);
  assert.equal(expires.length, 1);
  return [OUTCOMES[outcomes[0]!]!, expires[0]!];
}

/** The tests. */
export function checkBatches(check: Check): void {
  checkEntries(check);
  checkSightings(check);

  check('a batch of many addresses tells of each in its own place', [], async store => {
    const addresses = Array.from({ length: 5000 }, (_, i) => `10.7.${i >> 8}.${i & 255}`);
    await store.applyBatch(seenOnce(addresses[1234]!, NOW - 60), WHITEEXP);
    await store.trap(addresses[2345]!, NOW, DAY);
    const batch = batchOf(addresses.map((address, i) => ({ address, time: NOW + i })));
    const { outcomes, expires } = await store.applyBatch(batch, WHITEEXP);
    assert.equal(outcomes.length, 5000);
    outcomes.forEach((outcome, i) => {
      const address = batch.address(i);
      const expected = address === '10.7.4.210' ? 'refreshed' : address === '10.7.9.41' ? 'trapped' : 'added';
      assert.equal(OUTCOMES[outcome], expected, address);
      const end = expected === 'trapped' ? NOW + DAY : NOW + addresses.indexOf(address) + WHITEEXP;
      assert.equal(expires[i], end, address);
    });
    assert.equal((await found(store, '10.7.0.0/16')).length, 5000);
  });

  check('a first batch of many addresses is written as one of few is', ['sightings'], async store => {
    const seen = Array.from({ length: 97 }, (_, i): Seen => {
      const address = i % 5 === 4 ? `2001:db8::${i}` : `${(i * 37) % 224}.${i}.2.${(i * 101) % 256}`;
      const direction = i % 3 ? 'in' : 'out';
      return { address, time: NOW + i, direction, rule: i % 2 ? RULE : ANCHOR_RULE };
    });
    // One that came again late, and one again after its entry's end.
    const again = [
      { ...seen[7]!, time: NOW - 60 },
      { ...seen[8]!, time: NOW + 8 + WHITEEXP },
    ];
    await store.applyBatch(batchOf([...seen, ...again]), WHITEEXP);
    for (const [i, { address, time, direction, rule }] of seen.entries()) {
      const { entry, sighting } = await recordOf(store, address);
      if (i === 7 || i === 8) continue;
      assert.deepEqual(entry, { first: time, pass: time, expire: time + WHITEEXP, bcount: 1, pcount: 0 });
      assert.deepEqual(sighting?.rule, rule);
      assert.equal(sighting?.lastDirection, direction);
    }
    const late = await entryOf(store, seen[7]!.address);
    assert.deepEqual([late.first, late.expire, late.pcount], [NOW + 7, NOW + 7 + WHITEEXP, 1]);
    const renewed = await entryOf(store, seen[8]!.address);
    assert.deepEqual([renewed.first, renewed.pcount], [NOW + 8 + WHITEEXP, 0]);
  });

  check('an empty batch changes nothing', [], async store => {
    const { outcomes, expires } = await store.applyBatch(batchOf([]), WHITEEXP);
    assert.deepEqual([outcomes.length, expires.length], [0, 0]);
    assert.deepEqual(await found(store, '::/0'), []);
  });

  check('calls that were made at once are carried out one after the other', [], async store => {
    const times = Array.from({ length: 20 }, (_, i) => NOW + i);
    const results = await Promise.all(times.map(time => applyOne(store, seenOnce(HOST, time))));
    assert.deepEqual(
      results,
      times.map((time, i) => [i === 0 ? 'added' : 'refreshed', time + WHITEEXP]),
    );
    assert.equal((await entryOf(store, HOST)).pcount, 19);
  });
}

function checkEntries(check: Check): void {
  check('an address seen for the first time is white from then on', [], async store => {
    assert.deepEqual(await applyOne(store, seenOnce(HOST, NOW)), ['added', EXPIRE]);
    const entry = { first: NOW, pass: NOW, expire: EXPIRE, bcount: 1, pcount: 0 };
    assert.deepEqual(await entryOf(store, HOST), entry);
  });

  check('an IPv6 address is as good as an IPv4 one', ['ipv6'], async store => {
    const long = '2001:db8:1234:5678:9abc:def0:1234:5678';
    const batch = batchOf([
      { address: '2001:db8::25', time: NOW },
      { address: long, time: NOW, direction: 'out' },
    ]);
    await store.applyBatch(batch, WHITEEXP);
    const entry = { first: NOW, pass: NOW, expire: EXPIRE, bcount: 1, pcount: 0 };
    assert.deepEqual(await entryOf(store, '2001:db8::25'), entry);
    assert.deepEqual(await entryOf(store, long), entry);
  });

  check('an address seen again lives longer, and each sighting is counted', [], async store => {
    await store.applyBatch(seenOnce(HOST, NOW), WHITEEXP);
    const batch = batchOf([60, 120, 180].map(after => ({ address: HOST, time: NOW + after })));
    assert.deepEqual(await applyOne(store, batch), ['refreshed', EXPIRE + 180]);
    const entry = { first: NOW, pass: NOW, expire: EXPIRE + 180, bcount: 1, pcount: 3 };
    assert.deepEqual(await entryOf(store, HOST), entry);
  });

  check('the end of an entry never moves back', [], async store => {
    await store.applyBatch(seenOnce(HOST, NOW), WHITEEXP);
    assert.deepEqual(await applyOne(store, seenOnce(HOST, NOW - DAY)), ['refreshed', EXPIRE]);
    assert.equal((await store.applyBatch(seenOnce(HOST, NOW), 3600)).expires[0], EXPIRE);
    assert.deepEqual(await entryOf(store, HOST), {
      first: NOW,
      pass: NOW,
      expire: EXPIRE,
      bcount: 1,
      pcount: 2,
    });
  });

  check('an entry whose end has come is gone: the sighting makes another', [], async store => {
    await store.applyBatch(seenOnce(HOST, NOW), WHITEEXP);
    assert.deepEqual(await applyOne(store, seenOnce(HOST, EXPIRE - 1)), ['refreshed', EXPIRE - 1 + WHITEEXP]);
    const end = EXPIRE - 1 + WHITEEXP;
    assert.deepEqual(await applyOne(store, seenOnce(HOST, end)), ['added', end + WHITEEXP]);
    const entry = { first: end, pass: end, expire: end + WHITEEXP, bcount: 1, pcount: 0 };
    assert.deepEqual(await entryOf(store, HOST), entry);
  });

  check('an entry that ends inside a batch is made anew by what comes after', [], async store => {
    const batch = batchOf([
      { address: HOST, time: NOW },
      { address: HOST, time: EXPIRE + 5 },
      { address: HOST, time: EXPIRE + 9 },
    ]);
    assert.deepEqual(await applyOne(store, batch), ['added', EXPIRE + 9 + WHITEEXP]);
    const start = EXPIRE + 5;
    const entry = { first: start, pass: start, expire: EXPIRE + 9 + WHITEEXP, bcount: 1, pcount: 1 };
    assert.deepEqual(await entryOf(store, HOST), entry);
  });

  check('a trapped address stays trapped until its time is over', [], async store => {
    const trapped = await store.trap(HOST, NOW, DAY);
    assert.deepEqual(await applyOne(store, seenOnce(HOST, NOW + 60)), ['trapped', NOW + DAY]);
    assert.deepEqual(await entryOf(store, HOST), trapped);
    assert.deepEqual(await applyOne(store, seenOnce(HOST, NOW + DAY)), ['added', NOW + DAY + WHITEEXP]);
    assert.equal((await entryOf(store, HOST)).pcount, 0);
  });

  check('the same batch twice changes nothing but counts', [], async store => {
    const batch = batchOf([
      { address: HOST, time: NOW },
      { address: HOST, time: NOW + 30, direction: 'out', rule: ANCHOR_RULE },
      { address: '198.51.100.7', time: NOW + 10 },
    ]);
    await store.applyBatch(batch, WHITEEXP);
    const once = await found(store, '::/0');
    await store.applyBatch(batch, WHITEEXP);
    const counted = { [HOST]: { pcount: 3 }, '198.51.100.7': { pcount: 1 } } as const;
    const twice = once.map(record => ({
      ...record,
      entry: { ...record.entry, ...counted[record.address as keyof typeof counted] },
      ...('sighting' in record && {
        sighting: {
          ...record.sighting,
          inbound: record.sighting!.inbound * 2,
          outbound: record.sighting!.outbound * 2,
        },
      }),
    }));
    assert.deepEqual(await found(store, '::/0'), twice);
  });

  check(
    "the tarpit's own entry is refreshed, its tuples are left alone",
    ['tarpit'],
    async (store, opened) => {
      const tuple = tarpitTuple(HOST, '<bob@example.org>');
      await opened.plant([tarpitRecord(HOST), tuple, tarpitTuple('192.0.2.2', '<bob@example.org>')]);
      assert.deepEqual(await applyOne(store, seenOnce(HOST, NOW)), ['refreshed', EXPIRE]);
      assert.deepEqual(await applyOne(store, seenOnce('192.0.2.2', NOW)), ['added', EXPIRE]);
      const [own, greylisted] = await found(store, HOST);
      assert.deepEqual(own!.entry, { ...tarpitRecord(HOST).entry, expire: EXPIRE, pcount: 1 });
      assert.deepEqual(greylisted, tuple);
    },
  );
}

function checkSightings(check: Check): void {
  check('what is known of a sighting is all kept', ['sightings'], async store => {
    const rules = [
      RULE,
      ANCHOR_RULE,
      { interface: '', ruleset: 'smtp-in «ü»', rulenr: null, subrulenr: null },
      { interface: 'vio0', ruleset: 'a', rulenr: 4294967295, subrulenr: 0 },
    ];
    const batch = batchOf(
      rules.map((rule, i) => ({
        address: `192.0.2.${i}`,
        time: NOW + i,
        direction: i % 2 ? 'out' : 'in',
        rule,
      })),
    );
    await store.applyBatch(batch, WHITEEXP);
    for (const [i, rule] of rules.entries()) {
      const { sighting } = await recordOf(store, `192.0.2.${i}`);
      assert.deepEqual(sighting, {
        firstSeen: NOW + i,
        lastSeen: NOW + i,
        lastDirection: i % 2 ? 'out' : 'in',
        inbound: i % 2 ? 0 : 1,
        outbound: i % 2 ? 1 : 0,
        rule,
      });
    }
  });

  check('the later sighting tells direction and rule, whatever the order', ['sightings'], async store => {
    await store.applyBatch(seenOnce(HOST, NOW, 'out', ANCHOR_RULE), WHITEEXP);
    await store.applyBatch(seenOnce(HOST, NOW - 60, 'in', RULE), WHITEEXP);
    const later = { lastSeen: NOW, lastDirection: 'out', rule: ANCHOR_RULE };
    const counts = { firstSeen: NOW - 60, inbound: 1, outbound: 1 };
    assert.deepEqual((await recordOf(store, HOST)).sighting, { ...later, ...counts });
  });

  check('of two sightings at the same time, the one that came later tells', ['sightings'], async store => {
    await store.applyBatch(seenOnce(HOST, NOW, 'out', ANCHOR_RULE), WHITEEXP);
    await store.applyBatch(seenOnce(HOST, NOW, 'in', RULE), WHITEEXP);
    const { sighting } = await recordOf(store, HOST);
    assert.deepEqual([sighting!.lastDirection, sighting!.rule], ['in', RULE]);
  });

  check('a trapped address is seen, too', ['sightings'], async store => {
    await store.trap(HOST, NOW, DAY);
    await store.applyBatch(seenOnce(HOST, NOW + 60), WHITEEXP);
    assert.equal((await recordOf(store, HOST)).sighting?.lastSeen, NOW + 60);
  });

  check(
    "the tarpit's own entry has no sighting until one comes",
    ['sightings', 'tarpit'],
    async (store, opened) => {
      await opened.plant([tarpitRecord(HOST)]);
      assert.deepEqual(await recordOf(store, HOST), tarpitRecord(HOST));
      await store.applyBatch(seenOnce(HOST, NOW, 'out'), WHITEEXP);
      const seen = {
        firstSeen: NOW,
        lastSeen: NOW,
        lastDirection: 'out',
        inbound: 0,
        outbound: 1,
        rule: RULE,
      };
      assert.deepEqual((await recordOf(store, HOST)).sighting, seen);
    },
  );
}
