import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addByHand,
  applySightings,
  DEFAULT_WHITEEXP_HOURS,
  type Entry,
  entryStatus,
  firstSighting,
  isTrapped,
  LARGEST_COUNT,
  TRAPEXP_SECONDS,
  TRAPPED_PCOUNT,
  trapByHand,
} from '../../src/whitelist/entry.js';

const HOUR = 3600;
const WHITEEXP = DEFAULT_WHITEEXP_HOURS * HOUR;
const NOW = 1_700_000_000;

/** An entry of a host that was blocked for a while, passed, and has been seen before. */
const KNOWN: Entry = {
  first: NOW - 5000,
  pass: NOW - 3000,
  expire: NOW + 1000,
  bcount: 3,
  pcount: 7,
};
const TRAP: Entry = { ...KNOWN, pass: 0, pcount: TRAPPED_PCOUNT };

function seeAt(entry: Entry | undefined, time: number): ReturnType<typeof applySightings> {
  return applySightings(entry, firstSighting(time), WHITEEXP);
}

test('the default life of an entry is 36 days', () => {
  assert.equal(WHITEEXP, 36 * 24 * HOUR);
});

test('an address seen for the first time passes from now on until whiteexp is over', () => {
  assert.deepEqual(seeAt(undefined, NOW), {
    outcome: 'added',
    entry: { first: NOW, pass: NOW, expire: NOW + WHITEEXP, bcount: 1, pcount: 0 },
  });
});

test('an address seen again has passed once more and lives for whiteexp from now on', () => {
  assert.deepEqual(seeAt(KNOWN, NOW), {
    outcome: 'refreshed',
    entry: { ...KNOWN, pcount: 8, expire: NOW + WHITEEXP },
  });
});

test('an entry that ends later than a sighting would have it end keeps its end', () => {
  const entry = { ...KNOWN, expire: NOW + 2 * WHITEEXP };
  assert.deepEqual(seeAt(entry, NOW), { outcome: 'refreshed', entry: { ...entry, pcount: 8 } });
});

test('a packet out of order never moves the end back', () => {
  const entry = { ...KNOWN, expire: NOW + WHITEEXP };
  assert.equal(seeAt(entry, NOW - 100).entry.expire, NOW + WHITEEXP);
});

test('an entry whose end has come is gone already, and the sighting makes another', () => {
  const made = { first: NOW, pass: NOW, expire: NOW + WHITEEXP, bcount: 1, pcount: 0 };
  for (const expire of [NOW, NOW - 1, 0]) {
    assert.deepEqual(seeAt({ ...KNOWN, expire }, NOW), { outcome: 'added', entry: made });
    assert.deepEqual(seeAt({ ...TRAP, expire }, NOW), { outcome: 'added', entry: made });
  }
  assert.equal(seeAt({ ...KNOWN, expire: NOW + 1 }, NOW).outcome, 'refreshed');
});

test('a trapped address stays trapped, as it was, until its end has come', () => {
  assert.deepEqual(seeAt(TRAP, NOW), { outcome: 'trapped', entry: TRAP });
  assert.deepEqual(seeAt({ ...TRAP, expire: NOW + 1 }, NOW).outcome, 'trapped');
});

test('a negative count that nobody has given a meaning is a trap too', () => {
  for (const pcount of [-1, -2, -2_147_483_648]) {
    assert.equal(isTrapped({ ...KNOWN, pcount }), true);
    assert.equal(seeAt({ ...KNOWN, pcount }, NOW).outcome, 'trapped');
  }
  assert.equal(isTrapped({ ...KNOWN, pcount: 0 }), false);
});

test('where a trap ended between sightings of one run, the latest of them makes the entry', () => {
  const sum = { count: 3, runStart: NOW - 500, runLatest: NOW, runCount: 3 };
  assert.deepEqual(applySightings({ ...TRAP, expire: NOW - 200 }, sum, WHITEEXP), {
    outcome: 'added',
    entry: { first: NOW, pass: NOW, expire: NOW + WHITEEXP, bcount: 1, pcount: 0 },
  });
});

test('an entry is white or trapped, and expired from the second of its end on', () => {
  assert.equal(entryStatus(KNOWN, NOW), 'WHITE');
  assert.equal(entryStatus(TRAP, NOW), 'TRAPPED');
  for (const entry of [KNOWN, TRAP]) {
    assert.equal(entryStatus(entry, entry.expire), 'EXPIRED');
    assert.notEqual(entryStatus(entry, entry.expire - 1), 'EXPIRED');
  }
});

test('an address added by hand is as one seen for the first time', () => {
  const made = { first: NOW, pass: NOW, expire: NOW + WHITEEXP, bcount: 1, pcount: 0 };
  assert.deepEqual(addByHand(undefined, NOW, WHITEEXP), made);
  assert.deepEqual(addByHand({ ...KNOWN, expire: NOW }, NOW, WHITEEXP), made);
});

test('an address added by hand that is known already passes from now on and counts once more', () => {
  assert.deepEqual(addByHand(KNOWN, NOW, WHITEEXP), {
    ...KNOWN,
    pass: NOW,
    expire: NOW + WHITEEXP,
    pcount: 8,
  });
});

test('an address added by hand is trapped no more, and may live shorter than before', () => {
  const white = addByHand(TRAP, NOW, WHITEEXP);
  assert.deepEqual([white.pcount, entryStatus(white, NOW)], [0, 'WHITE']);
  assert.equal(addByHand({ ...TRAP, pcount: -9 }, NOW, WHITEEXP).pcount, 0);
  assert.equal(addByHand({ ...KNOWN, expire: NOW + 2 * WHITEEXP }, NOW, WHITEEXP).expire, NOW + WHITEEXP);
});

test('an address trapped by hand is trapped for a day, whatever it was', () => {
  assert.equal(TRAPEXP_SECONDS, 24 * HOUR);
  assert.deepEqual(trapByHand(undefined, NOW, TRAPEXP_SECONDS), {
    first: NOW,
    pass: 0,
    expire: NOW + 24 * HOUR,
    bcount: 1,
    pcount: TRAPPED_PCOUNT,
  });
  assert.deepEqual(trapByHand(KNOWN, NOW, TRAPEXP_SECONDS), {
    first: KNOWN.first,
    pass: KNOWN.pass,
    expire: NOW + 24 * HOUR,
    bcount: 3,
    pcount: TRAPPED_PCOUNT,
  });
});

test('counts stop where the int of spamd and greyd does', () => {
  const full = { ...KNOWN, pcount: LARGEST_COUNT };
  assert.equal(LARGEST_COUNT, 2_147_483_647);
  assert.equal(seeAt(full, NOW).entry.pcount, LARGEST_COUNT);
  const two = { count: 2, runStart: NOW, runLatest: NOW, runCount: 2 };
  const nearly = { ...KNOWN, pcount: LARGEST_COUNT - 1 };
  assert.equal(applySightings(nearly, two, WHITEEXP).entry.pcount, LARGEST_COUNT);
  assert.equal(addByHand(full, NOW, WHITEEXP).pcount, LARGEST_COUNT);
});
