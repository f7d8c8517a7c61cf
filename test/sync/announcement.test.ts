import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Announcement,
  adoptAnnouncement,
  announcementRules,
  beginAnnouncement,
  dueAt,
  expiresToSay,
  noteSighting,
  restateSeconds,
  sayAnnouncement,
} from '../../src/sync/announcement.js';

const NOW = 1_700_000_000;
const DAY = 86_400;
const WHITEEXP = 36 * DAY;
const RULES = announcementRules(WHITEEXP);

/** Says it; to be said again is put off for so long that it does not matter, unless told otherwise. */
function say(announcement: Announcement, now: number, restateAt = Number.POSITIVE_INFINITY): Announcement {
  return sayAnnouncement(announcement, now, restateAt, RULES);
}

function firstSaid(): Announcement {
  return say(beginAnnouncement(NOW + WHITEEXP, RULES), NOW);
}

/** Sees the address at the given times, and says what is due at once; gives the times at which it was said. */
function saidAt(times: Iterable<number>, start: Announcement): number[] {
  let announcement = start;
  const said: number[] = [];
  for (const time of times) {
    announcement = noteSighting(announcement, time + WHITEEXP, false, time, RULES);
    if (dueAt(announcement, RULES) > time) continue;
    announcement = say(announcement, time);
    said.push(time);
  }
  return said;
}

test('an address is said at once when it is seen for the first time, and again for what gets lost', () => {
  const begun = beginAnnouncement(NOW + WHITEEXP, RULES);
  assert.ok(dueAt(begun, RULES) <= NOW);
  let said = say(begun, NOW);
  for (const seconds of [60, 180, 900]) {
    assert.equal(dueAt(said, RULES), NOW + seconds);
    said = say(said, NOW + seconds);
    assert.deepEqual(expiresToSay(said), [NOW + WHITEEXP]);
  }
  assert.equal(dueAt(said, RULES), Number.POSITIVE_INFINITY);
});

test('sightings are passed on after twice as long each time, at last once a day', () => {
  const quiet = { ...firstSaid(), repeats: [] };
  const everyTenSeconds = Array.from({ length: 6 * 60 * 24 * 5 }, (_, i) => NOW + 10 * i);
  const gaps = saidAt(everyTenSeconds, quiet).map((time, i, all) => time - (all[i - 1] ?? NOW));
  assert.deepEqual(gaps.slice(0, 7), [60, 120, 240, 480, 960, 1920, 3840]);
  assert.ok(gaps.every(gap => gap <= DAY + 10));
  assert.ok(gaps.slice(-2).every(gap => gap >= DAY));
});

test('the last sighting is never swallowed, only put off', () => {
  const quiet = { ...firstSaid(), repeats: [] };
  const seen = noteSighting(quiet, NOW + 5 + WHITEEXP, false, NOW + 5, RULES);
  assert.equal(dueAt(seen, RULES), NOW + 60);
  const said = say(seen, NOW + 60);
  assert.equal(said.said, NOW + 5 + WHITEEXP);
  assert.equal(dueAt(said, RULES), NOW + WHITEEXP - RULES.leadSeconds);
});

test('the expire of the announcement is said first, and our own after it', () => {
  const seen = noteSighting(firstSaid(), NOW + DAY + WHITEEXP, false, NOW + DAY, RULES);
  const said = say(seen, NOW + DAY);
  assert.deepEqual(expiresToSay(said), [NOW + WHITEEXP, NOW + DAY + WHITEEXP]);
});

test('the next announcement begins before the first one ends, and is said again when a scan has passed', () => {
  const told = NOW + WHITEEXP;
  const expire = NOW + 9 * DAY + WHITEEXP;
  const seen = noteSighting({ ...firstSaid(), repeats: [] }, expire, false, NOW + 9 * DAY, RULES);
  const passedOn = say(seen, NOW + 9 * DAY);
  assert.equal(dueAt(passedOn, RULES), told - 600);
  let said = say(passedOn, told - 600);
  assert.deepEqual(expiresToSay(said), [expire]);
  for (const seconds of [-600 + 60, -600 + 180, 75, 75 + 60, 75 + 180, -600 + 900, 75 + 900].sort(
    (a, b) => a - b,
  )) {
    assert.equal(dueAt(said, RULES), told + seconds);
    said = say(said, told + seconds);
    assert.deepEqual(expiresToSay(said), [expire]);
  }
});

test('an entry that had ended, or was deleted, is said at once when it is new again', () => {
  const quiet = { ...firstSaid(), repeats: [] };
  const later = NOW + DAY;
  const again = noteSighting(quiet, later + WHITEEXP, true, later, RULES);
  assert.ok(dueAt(again, RULES) <= later);
  const said = say(again, later);
  assert.deepEqual(expiresToSay(said), [NOW + WHITEEXP, later + WHITEEXP]);
  assert.equal(dueAt(said, RULES), later + 60);
});

test('an address is said again when its turn has come, for as long as our entry lives', () => {
  let adopted = adoptAnnouncement(NOW + 2 * DAY, NOW, NOW + 5000, RULES);
  const times: number[] = [];
  for (let due = dueAt(adopted, RULES); due < Number.POSITIVE_INFINITY; due = dueAt(adopted, RULES)) {
    times.push(due - NOW);
    adopted = say(adopted, due, due + DAY);
    assert.deepEqual(expiresToSay(adopted), [NOW + 2 * DAY]);
  }
  assert.deepEqual(times, [5000, 5000 + DAY]);
});

test('everything is said again once an hour where that are twelve a second at most, and once a day at least', () => {
  assert.equal(restateSeconds(1, RULES), 3600);
  assert.equal(restateSeconds(12 * 3600, RULES), 3600);
  assert.equal(restateSeconds(12 * 7200, RULES), 7200);
  assert.equal(restateSeconds(1e9, RULES), DAY);
  assert.equal(restateSeconds(1e9, announcementRules(3600)), 450);
});
