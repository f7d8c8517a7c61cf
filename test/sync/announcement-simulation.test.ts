import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announcementRules } from '../../src/sync/announcement.js';
import { Ledger } from '../../src/sync/ledger.js';
import { applySync } from '../../src/whitelist/apply-sync.js';
import { applySightings, type Entry, firstSighting } from '../../src/whitelist/entry.js';
import { chance, SpamdModel } from './helpers.js';

const START = 1_700_000_000;
const ADDRESS = 0xc0000219;
const HOUR = 3600;
const DAY = 24 * HOUR;
const WHITEEXP = 36 * DAY;
/** A timer fires up to that much after its time. */
const LATE_SECONDS = 2;

interface Weather {
  readonly seed: number;
  readonly whiteexpSeconds: number;
  /** Mean time between two sightings. */
  readonly gapSeconds: number;
  /** The part of messages that get lost. */
  readonly loss: number;
  readonly durationSeconds: number;
  /** Where the sender restarts without what it knew, in the middle. */
  readonly restarts?: boolean;
  /** Where spamd has an entry of the address from elsewhere, which ends at another time. */
  readonly foreign?: boolean;
  /** Where spamd loses its database every forty days or so, and then is sent the whitelist by `sync push`. */
  readonly pushes?: boolean;
  /** As the original: one message a sighting, and nothing else. */
  readonly original?: boolean;
}

interface Outcome {
  /** Seconds in which our entry lived. */
  lived: number;
  /** Of these, seconds in which the peer had none: a spamd, and one of ours. */
  spamdMissed: number;
  oursMissed: number;
  /** The longest such stretch of spamd's, and how many there were. */
  longestMiss: number;
  misses: number;
  messages: number;
}

/** One address, one sender, a peer that is a spamd and one that is ours, on a network that loses messages. */
function simulate(weather: Weather): Outcome {
  const random = chance(weather.seed);
  const rules = announcementRules(weather.whiteexpSeconds);
  const outcome = { lived: 0, spamdMissed: 0, oursMissed: 0, longestMiss: 0, misses: 0, messages: 0 };
  const spamd = new SpamdModel();
  let ledger = new Ledger(rules, 10);
  let restartsAt = weather.restarts ? START + weather.durationSeconds / 2 : Number.POSITIVE_INFINITY;
  let own: Entry | undefined;
  let peer: Entry | undefined;
  let sighting = START;
  /** The first scan after the end of spamd's entry: one comes each minute, and takes some seconds. */
  let scan = Number.POSITIVE_INFINITY;
  let now = START;
  let push = weather.pushes ? START + random() * 40 * DAY : Number.POSITIVE_INFINITY;
  let missingSince: number | undefined;

  const scanAfter = (expire: number): void => {
    if (!spamd.entries.has(ADDRESS)) scan = expire + random() * 70;
  };

  const send = (expires: readonly number[]): void => {
    outcome.messages++;
    if (random() >= weather.loss) {
      scanAfter(expires[0]!);
      for (const expire of expires) spamd.receive('WHITE', ADDRESS, expire, now);
    }
    if (random() >= weather.loss) {
      for (const expire of expires) {
        peer = applySync(peer, { kind: 'white', expire }, now, weather.whiteexpSeconds).entry;
      }
    }
  };

  const account = (until: number): void => {
    const ownEnd = Math.min(until, own?.expire ?? 0);
    outcome.lived += Math.max(0, ownEnd - now);
    outcome.oursMissed += Math.max(0, ownEnd - Math.max(now, peer?.expire ?? 0));
    const missing = ownEnd - Math.max(now, spamd.entries.get(ADDRESS)?.expire ?? 0);
    if (missing <= 0) missingSince = undefined;
    else {
      outcome.spamdMissed += missing;
      if (missingSince === undefined) outcome.misses++;
      missingSince ??= ownEnd - missing;
      outcome.longestMiss = Math.max(outcome.longestMiss, ownEnd - missingSince);
    }
  };

  if (weather.foreign) {
    const expire = START + random() * weather.whiteexpSeconds;
    scanAfter(expire);
    spamd.receive('WHITE', ADDRESS, expire, START);
  }
  const end = START + weather.durationSeconds;
  while (now < end) {
    const wake = weather.original ? Number.POSITIVE_INFINITY : ledger.nextWake + random() * LATE_SECONDS;
    const next = Math.min(sighting, scan, wake, restartsAt, push, end);
    account(Math.max(now, next));
    now = Math.max(now, next);
    if (now >= restartsAt) {
      restartsAt = Number.POSITIVE_INFINITY;
      ledger = new Ledger(rules, 10);
      if (own && own.expire > now) ledger.adopt(ADDRESS, own.expire, now, random());
    }
    if (now >= scan) {
      spamd.scan(now);
      scan = Number.POSITIVE_INFINITY;
    }
    if (now >= push) {
      push = now - Math.log(1 - random()) * 40 * DAY;
      spamd.entries.clear();
      scan = Number.POSITIVE_INFINITY;
      if (own && own.expire > now) {
        scanAfter(own.expire);
        spamd.receive('WHITE', ADDRESS, own.expire, now);
      }
    }
    if (now >= end) break;
    if (now >= sighting) {
      const change = applySightings(own, firstSighting(now), weather.whiteexpSeconds);
      own = change.entry;
      sighting = now - Math.log(1 - random()) * weather.gapSeconds;
      const due = ledger.note(ADDRESS, own.expire, change.outcome === 'added', now);
      if (weather.original) send([own.expire]);
      else if (due) send(ledger.say(ADDRESS, now));
    } else if (!weather.original) {
      for (const address of ledger.takeDue(now, 10)) send(ledger.say(address, now));
    }
  }
  return outcome;
}

/** Mean gaps that make entries live on for months, end now and then, or end most often. */
const GAPS = [5 * 60, 3 * HOUR, DAY, 9 * DAY, 20 * DAY, 34 * DAY, 60 * DAY];

test('without loss an entry of ours is missed by a peer of ours never, and by a spamd only for its scan', () => {
  for (const gapSeconds of GAPS) {
    for (let seed = 1; seed <= 4; seed++) {
      const outcome = simulate({
        seed,
        gapSeconds,
        whiteexpSeconds: WHITEEXP,
        loss: 0,
        durationSeconds: 150 * DAY,
      });
      const what = `gap ${gapSeconds}, seed ${seed}: ${JSON.stringify(outcome)}`;
      assert.equal(outcome.oursMissed, 0, what);
      assert.ok(outcome.longestMiss <= 75 + LATE_SECONDS, what);
      assert.ok(outcome.misses <= Math.ceil(outcome.lived / WHITEEXP) + 1, what);
    }
  }
});

test('the same holds for the shortest life of an entry there is', () => {
  for (const gapSeconds of [60, 10 * 60, 40 * 60, 2 * HOUR]) {
    for (let seed = 1; seed <= 20; seed++) {
      const weather = { seed, gapSeconds, whiteexpSeconds: HOUR, loss: 0, durationSeconds: DAY };
      const outcome = simulate(weather);
      const what = `gap ${gapSeconds}, seed ${seed}: ${JSON.stringify(outcome)}`;
      assert.equal(outcome.oursMissed, 0, what);
      assert.ok(outcome.longestMiss <= 75 + LATE_SECONDS, what);
    }
  }
});

test('a correspondent that is seen each minute is said forty times less often than it is seen', () => {
  const weather = { seed: 7, gapSeconds: 60, whiteexpSeconds: WHITEEXP, loss: 0, durationSeconds: 72 * DAY };
  const thinned = simulate(weather);
  const original = simulate({ ...weather, original: true });
  assert.ok(original.messages > 40 * thinned.messages, `${original.messages} messages`);
});

test('a correspondent that is seen once is said four times, and then about once an hour', () => {
  const weather = {
    seed: 7,
    gapSeconds: 1e12,
    whiteexpSeconds: WHITEEXP,
    loss: 0,
    durationSeconds: 72 * DAY,
  };
  const { messages } = simulate(weather);
  assert.ok(messages >= 4 + 36 * 24 && messages <= 4 + (4 / 3) * 36 * 24, `${messages} messages`);
});

test('where one message in five is lost, both peers miss next to nothing', () => {
  for (const gapSeconds of GAPS) {
    const sum = { lived: 0, spamdMissed: 0, oursMissed: 0 };
    const original = { lived: 0, spamdMissed: 0 };
    for (let seed = 1; seed <= 10; seed++) {
      const weather = { seed, gapSeconds, whiteexpSeconds: WHITEEXP, loss: 0.2, durationSeconds: 150 * DAY };
      const thinned = simulate(weather);
      sum.lived += thinned.lived;
      sum.spamdMissed += thinned.spamdMissed;
      sum.oursMissed += thinned.oursMissed;
      const packets = simulate({ ...weather, original: true });
      original.lived += packets.lived;
      original.spamdMissed += packets.spamdMissed;
    }
    const what = `gap ${gapSeconds}: ${JSON.stringify({ sum, original })}`;
    assert.ok(sum.spamdMissed / sum.lived < 0.003, what);
    assert.ok(sum.oursMissed / sum.lived < 0.003, what);
    assert.ok(sum.spamdMissed / sum.lived <= original.spamdMissed / original.lived, what);
  }
});

/** What peers may have been told without the sender's knowing. */
const UNKNOWN = {
  'what the sender forgot by restarting': { restarts: true },
  'an entry that a spamd has from elsewhere': { foreign: true },
  'a push to a spamd that lost its database': { pushes: true },
  'all of that': { restarts: true, foreign: true, pushes: true },
};

for (const [name, weather] of Object.entries(UNKNOWN)) {
  test(`${name} costs a spamd the address for an hour and a scan at most`, () => {
    for (const gapSeconds of GAPS) {
      for (let seed = 1; seed <= 6; seed++) {
        const outcome = simulate({
          seed,
          gapSeconds,
          whiteexpSeconds: WHITEEXP,
          loss: 0,
          durationSeconds: 150 * DAY,
          ...weather,
        });
        const what = `gap ${gapSeconds}, seed ${seed}: ${JSON.stringify(outcome)}`;
        assert.equal(outcome.oursMissed, 0, what);
        assert.ok(outcome.longestMiss <= HOUR + 75 + LATE_SECONDS, what);
      }
    }
  });
}
