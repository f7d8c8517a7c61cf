// What peers have been told of every address, and which address has to be said next.

import {
  type Announcement,
  type AnnouncementRules,
  adoptAnnouncement,
  beginAnnouncement,
  dueAt,
  expiresToSay,
  noteSighting,
  restateSeconds,
  sayAnnouncement,
} from './announcement.js';
import { WakeQueue } from './wake-queue.js';

interface Line {
  announcement: Announcement;
  /** The time in the queue that counts for this address; Infinity while it is taken out. */
  wake: number;
}

/** What is said again anyway is said in full minutes, so that it fills its messages. */
const RESTATE_GRID_SECONDS = 60;

/** Announcements by address, an IPv4 address as one 32-bit word. Remembers a bounded number, the latest said ones. */
export class Ledger {
  #rules: AnnouncementRules;
  readonly #limit: number;
  readonly #lines = new Map<number, Line>();
  readonly #queue = new WakeQueue();
  /** From 0 to 1, for each address far from those before: spreads what was said at one time. */
  #turn = 0;
  /** How many addresses were forgotten because there were too many: they are said again at their next sighting. */
  forgotten = 0;

  constructor(rules: AnnouncementRules, limit: number) {
    this.#rules = rules;
    this.#limit = limit;
  }

  /** Goes on by other rules; what was planned before stays so. */
  use(rules: AnnouncementRules): void {
    this.#rules = rules;
  }

  get size(): number {
    return this.#lines.size;
  }

  /** When {@link takeDue} has something to give or to clean up, Infinity for never. */
  get nextWake(): number {
    for (;;) {
      const address = this.#queue.nextKey;
      if (address === undefined || this.#lines.get(address)?.wake === this.#queue.next)
        return this.#queue.next;
      this.#queue.take();
    }
  }

  /** A sighting that was stored; whether the address is due now. */
  note(address: number, expire: number, isNew: boolean, now: number): boolean {
    const line = this.#lines.get(address);
    const announcement =
      line === undefined
        ? beginAnnouncement(expire, this.#rules)
        : noteSighting(line.announcement, expire, isNew, now, this.#rules);
    this.#put(address, announcement, line);
    return dueAt(announcement, this.#rules) <= now;
  }

  /**
   * An address that peers were told of before we started, unless more is known of it already; when it is said again is
   * up to `chance`, from 0 to 1.
   */
  adopt(address: number, expire: number, now: number, chance: number): void {
    if (this.#lines.has(address)) return;
    const restateAt = now + chance * restateSeconds(this.#lines.size, this.#rules);
    this.#put(address, adoptAnnouncement(expire, now, restateAt, this.#rules), undefined);
  }

  /** Up to `limit` addresses that are due. They are due no more until {@link say} or {@link correct} is called. */
  takeDue(now: number, limit: number): number[] {
    const taken: number[] = [];
    while (taken.length < limit && this.nextWake <= now) {
      const address = this.#queue.take()!;
      const line = this.#lines.get(address)!;
      if (line.announcement.latest <= now) {
        this.#lines.delete(address);
        continue;
      }
      line.wake = Number.POSITIVE_INFINITY;
      taken.push(address);
    }
    return taken;
  }

  /** The expires to say of an address now, in this order; none when it is not known. Takes them as said. */
  say(address: number, now: number): readonly number[] {
    const line = this.#lines.get(address);
    if (line === undefined) return [];
    const announcement = sayAnnouncement(line.announcement, now, this.#restateAt(now), this.#rules);
    // The order of the map is that in which addresses were last said.
    this.#lines.delete(address);
    this.#put(address, announcement, undefined);
    return expiresToSay(announcement);
  }

  /** The expires to say of an address to somebody who may have missed all: as {@link say}, but nothing counts as said. */
  recall(address: number): readonly number[] {
    const line = this.#lines.get(address);
    return line === undefined || line.announcement.told === 0 ? [] : expiresToSay(line.announcement);
  }

  /** What the database has: the expire of a white entry, or undefined when there is none, and nothing to say of it. */
  correct(address: number, expire: number | undefined): void {
    const line = this.#lines.get(address);
    if (line === undefined) return;
    if (expire === undefined) {
      this.#lines.delete(address);
      return;
    }
    const { told, said } = line.announcement;
    line.announcement = {
      ...line.announcement,
      latest: expire,
      told: Math.min(told, expire),
      said: Math.min(said, expire),
    };
  }

  /** Puts off an address that was taken out but could not be said. */
  postpone(address: number, until: number): void {
    const line = this.#lines.get(address);
    if (line === undefined || line.wake <= until) return;
    line.wake = until;
    this.#queue.add(until, address);
  }

  #restateAt(now: number): number {
    this.#turn = (this.#turn + 0.618034) % 1;
    const seconds = (1 - this.#turn / 4) * restateSeconds(this.#lines.size, this.#rules);
    return Math.floor((now + seconds) / RESTATE_GRID_SECONDS) * RESTATE_GRID_SECONDS;
  }

  #put(address: number, announcement: Announcement, before: Line | undefined): void {
    const line = before ?? { announcement, wake: Number.POSITIVE_INFINITY };
    line.announcement = announcement;
    if (before === undefined) {
      if (this.#lines.size >= this.#limit) {
        const [oldest] = this.#lines.keys();
        this.#lines.delete(oldest!);
        this.forgotten++;
      }
      this.#lines.set(address, line);
    }
    this.#schedule(address, line);
  }

  #schedule(address: number, line: Line): void {
    const { announcement } = line;
    const wake = Math.min(dueAt(announcement, this.#rules), announcement.latest);
    if (wake >= line.wake) return;
    line.wake = wake;
    this.#queue.add(wake, address);
  }
}
