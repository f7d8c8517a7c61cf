import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applySync } from '../../src/whitelist/apply-sync.js';
import { type Entry, entryStatus, LARGEST_COUNT } from '../../src/whitelist/entry.js';

const NOW = 1_700_000_000;
const WHITEEXP = 3_110_400;
const DAY = 86_400;

const white: Entry = {
  first: NOW - 9 * DAY,
  pass: NOW - 8 * DAY,
  expire: NOW + 20 * DAY,
  bcount: 2,
  pcount: 5,
};
const trap: Entry = { first: NOW - 60, pass: NOW + DAY, expire: NOW + DAY, bcount: 3, pcount: -1 };
const goneWhite: Entry = { ...white, expire: NOW };
const goneTrap: Entry = { ...trap, expire: NOW };

const saysWhite = (expire: number) => ({ kind: 'white', expire }) as const;
const saysTrapped = (expire: number) => ({ kind: 'trapped', expire }) as const;

test('an address that is new to us is white at once and for as long as the peer says', () => {
  const entry = { first: NOW, pass: NOW, expire: NOW + 7, bcount: 0, pcount: 0 };
  for (const before of [undefined, goneWhite, goneTrap]) {
    assert.deepEqual(applySync(before, saysWhite(NOW + 7), NOW, WHITEEXP), { outcome: 'added', entry });
  }
});

test('a white entry lives on to what the peer says, and nothing else of it changes but the count', () => {
  const expire = NOW + 30 * DAY;
  assert.deepEqual(applySync(white, saysWhite(expire), NOW, WHITEEXP), {
    outcome: 'refreshed',
    entry: { ...white, expire, pcount: 6 },
  });
});

test('what a peer says again, late or about the past changes nothing', () => {
  for (const expire of [white.expire, white.expire - 1, NOW, NOW - 1, 0]) {
    assert.deepEqual(applySync(white, saysWhite(expire), NOW, WHITEEXP), { outcome: 'kept', entry: white });
  }
  assert.deepEqual(applySync(undefined, saysWhite(NOW), NOW, WHITEEXP), {
    outcome: 'kept',
    entry: undefined,
  });
  assert.deepEqual(applySync(undefined, saysTrapped(NOW), NOW, WHITEEXP), {
    outcome: 'kept',
    entry: undefined,
  });
});

test('no peer makes an entry live longer than our own sightings would', () => {
  const limit = NOW + WHITEEXP;
  assert.equal(applySync(undefined, saysWhite(0xffffffff), NOW, WHITEEXP).entry?.expire, limit);
  assert.equal(applySync(white, saysWhite(limit + 1), NOW, WHITEEXP).entry?.expire, limit);
  assert.equal(applySync(undefined, saysTrapped(limit + 1), NOW, WHITEEXP).entry?.expire, limit);
});

test('a trapped address stays trapped whatever a peer says of it', () => {
  for (const kind of ['white', 'white-deleted', 'trapped-deleted'] as const) {
    assert.deepEqual(applySync(trap, { kind, expire: NOW + 30 * DAY }, NOW, WHITEEXP), {
      outcome: 'trapped',
      entry: trap,
    });
  }
});

test("a peer's trap makes a new entry, and a trap of a white one for as long as the peer says", () => {
  const expire = NOW + DAY;
  assert.deepEqual(applySync(undefined, saysTrapped(expire), NOW, WHITEEXP), {
    outcome: 'trap-set',
    entry: { first: NOW, pass: expire, expire, bcount: 0, pcount: -1 },
  });
  assert.deepEqual(applySync(white, saysTrapped(expire), NOW, WHITEEXP), {
    outcome: 'trap-set',
    entry: { first: white.first, pass: expire, expire, bcount: 3, pcount: -1 },
  });
});

test('a trap is made longer by a peer, never shorter', () => {
  const expire = trap.expire + 1;
  assert.deepEqual(applySync(trap, saysTrapped(expire), NOW, WHITEEXP), {
    outcome: 'trap-set',
    entry: { ...trap, pass: expire, expire, bcount: 4 },
  });
  assert.deepEqual(applySync(trap, saysTrapped(trap.expire), NOW, WHITEEXP), {
    outcome: 'trapped',
    entry: trap,
  });
});

test('a deletion removes a white entry and nothing else', () => {
  const deletion = { kind: 'white-deleted', expire: 0 } as const;
  assert.deepEqual(applySync(white, deletion, NOW, WHITEEXP), { outcome: 'deleted', entry: undefined });
  assert.deepEqual(applySync(goneWhite, deletion, NOW, WHITEEXP), { outcome: 'kept', entry: goneWhite });
  assert.deepEqual(applySync(undefined, deletion, NOW, WHITEEXP), { outcome: 'kept', entry: undefined });
  const noTrap = { kind: 'trapped-deleted', expire: 0 } as const;
  assert.deepEqual(applySync(white, noTrap, NOW, WHITEEXP), { outcome: 'kept', entry: white });
});

const time = fc.integer({ min: 0, max: 4000 });
const someEntry = fc.option(
  fc.record({
    first: time,
    pass: time,
    expire: time,
    bcount: fc.nat(9),
    pcount: fc.integer({ min: -2, max: 9 }),
  }),
  { nil: undefined },
);
const statement = fc.record({
  kind: fc.constantFrom('white', 'trapped', 'white-deleted', 'trapped-deleted' as const),
  expire: time,
});

test('no statement lifts a trap, moves expire back or beyond the limit, or says anything when said again', () => {
  fc.assert(
    fc.property(
      someEntry,
      statement,
      time,
      fc.integer({ min: 1, max: 1000 }),
      (before, says, now, whiteexp) => {
        const { outcome, entry } = applySync(before, says, now, whiteexp);
        const wasTrapped = before !== undefined && entryStatus(before, now) === 'TRAPPED';
        if (wasTrapped) assert.equal(entry && entryStatus(entry, now), 'TRAPPED');
        if (outcome === 'kept' || outcome === 'trapped') assert.equal(entry, before);
        else if (entry !== undefined) {
          assert.ok(entry.expire > now && entry.expire <= now + whiteexp);
          if (outcome !== 'trap-set' || wasTrapped)
            assert.ok(before === undefined || before.expire <= now || entry.expire > before.expire);
        }
        const again = applySync(entry, says, now, whiteexp);
        assert.ok(again.outcome === 'kept' || again.outcome === 'trapped', again.outcome);
      },
    ),
    { numRuns: 2000 },
  );
});

test('what peers say counts no further than the int of spamd and greyd', () => {
  const full = { ...white, bcount: LARGEST_COUNT, pcount: LARGEST_COUNT };
  const refreshed = applySync(full, saysWhite(NOW + 30 * DAY), NOW, WHITEEXP);
  assert.deepEqual([refreshed.outcome, refreshed.entry?.pcount], ['refreshed', LARGEST_COUNT]);
  const trapped = applySync(full, saysTrapped(NOW + DAY), NOW, WHITEEXP);
  assert.deepEqual([trapped.outcome, trapped.entry?.bcount], ['trap-set', LARGEST_COUNT]);
});
