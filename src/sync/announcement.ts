// When an address is said to peers, and what is said of it. Pure functions; times are seconds since the epoch.

/**
 * What the peers have been told of one address.
 *
 * The rule stands on what receivers make of a WHITE message. Ours moves an entry's expire forward. spamd's and greyd's
 * take `expire` only where they have no entry; where they have one, the message is lost on them, so that the entry ends
 * when it was first told to, is swept up by the next scan, and only a message after that makes it again. Nobody answers,
 * and any message may get lost. Therefore:
 *
 * 1. An announcement has one expire, `told`, and every message about the address says that first. So a spamd has the
 *    address either until exactly `told`, or not at all, whichever of the messages reached it.
 * 2. When `told` is near and our entry lives longer, a new announcement begins. It is said at once, for receivers like
 *    ours, whose entry must not end in between, and again when the old `told` and a scan have passed, for receivers like
 *    spamd, which have just then lost theirs.
 * 3. Either is said four times in a quarter of an hour: for the message that gets lost, the peer that just restarts, and
 *    the scan that is late or goes by a clock that is.
 * 4. In between, sightings are passed on thinned: the first at once, the next after a minute, then after twice as long
 *    each time, at last once a day; the last one is never swallowed, only put off. They say our own expire after `told`,
 *    which moves an entry of ours forward and is nothing to a spamd that has `told`.
 * 5. A spamd's entry may have another end than `told`: one that we told before we started, that of a push, of another
 *    peer, or its own. So an address is said again at least once an hour, or where that would be too much for receivers,
 *    as often as the rate allows, but once a day at least.
 *
 * A spamd thus misses an address, while we have it, from the end of its entry to `told` + 75 s, and not until the
 * correspondent's next message, as with a spamlogd that sends one message a packet; where its entry has another end,
 * for an hour at most.
 */
export interface Announcement {
  /** The expire of this announcement; 0 before the first. */
  readonly told: number;
  /** The latest expire said. */
  readonly said: number;
  /** The expire of our own entry. */
  readonly latest: number;
  /** When it was last said. */
  readonly sent: number;
  /** When it is said again at the latest. */
  readonly restateAt: number;
  /** How long a sighting is put off after `sent`. */
  readonly intervalSeconds: number;
  /** When it has to be said whatever happens, ascending. */
  readonly repeats: readonly number[];
}

/** The rule's numbers, in seconds. */
export interface AnnouncementRules {
  readonly whiteexpSeconds: number;
  /** From the end of an entry until a scan has surely removed it: the scan's own 60 s, and some for its work. */
  readonly scanSeconds: number;
  /** When something important is said again. */
  readonly repeatSeconds: readonly number[];
  /** How long before the end of an announcement the next one begins. */
  readonly leadSeconds: number;
  readonly shortestIntervalSeconds: number;
  readonly longestIntervalSeconds: number;
  /** How often everything is said again: as often as the rate allows, within these bounds. */
  readonly shortestRestateSeconds: number;
  readonly longestRestateSeconds: number;
  readonly restatesPerSecond: number;
}

/** The numbers for a given life of a whitelist entry, of an hour or longer. */
export function announcementRules(whiteexpSeconds: number): AnnouncementRules {
  const eighth = whiteexpSeconds / 8;
  return {
    whiteexpSeconds,
    scanSeconds: 75,
    repeatSeconds: [60, 180, 900],
    leadSeconds: Math.min(600, eighth),
    shortestIntervalSeconds: 60,
    longestIntervalSeconds: Math.min(86_400, eighth),
    shortestRestateSeconds: Math.min(3600, eighth),
    longestRestateSeconds: Math.min(86_400, eighth),
    restatesPerSecond: 12,
  };
}

/** How long at most until an address is said again, where there are so many. */
export function restateSeconds(count: number, rules: AnnouncementRules): number {
  const { shortestRestateSeconds, longestRestateSeconds, restatesPerSecond } = rules;
  return Math.min(Math.max(count / restatesPerSecond, shortestRestateSeconds), longestRestateSeconds);
}

/** An address before anything was said of it: due at once. */
export function beginAnnouncement(expire: number, rules: AnnouncementRules): Announcement {
  return {
    told: 0,
    said: 0,
    latest: expire,
    sent: 0,
    restateAt: Number.POSITIVE_INFINITY,
    intervalSeconds: rules.shortestIntervalSeconds,
    repeats: [],
  };
}

/** An address that peers were told of before we started. */
export function adoptAnnouncement(
  expire: number,
  now: number,
  restateAt: number,
  rules: AnnouncementRules,
): Announcement {
  return {
    ...beginAnnouncement(expire, rules),
    told: expire,
    said: expire,
    sent: now,
    restateAt,
  };
}

/** What a sighting makes of it. `isNew` where our own entry had ended, or had been deleted: that is said at once. */
export function noteSighting(
  announcement: Announcement,
  expire: number,
  isNew: boolean,
  now: number,
  rules: AnnouncementRules,
): Announcement {
  const latest = Math.max(announcement.latest, expire);
  if (!isNew) return { ...announcement, latest };
  const repeats = mergeRepeats([now, ...repeatsFrom(now, rules)], announcement.repeats);
  return { ...announcement, latest, repeats, intervalSeconds: rules.shortestIntervalSeconds };
}

/** When it has to be said next; Infinity when there is nothing to say any more before our own entry ends. */
export function dueAt(announcement: Announcement, rules: AnnouncementRules): number {
  const { told, said, latest, sent, restateAt, intervalSeconds, repeats } = announcement;
  const due = Math.min(
    repeats[0] ?? Number.POSITIVE_INFINITY,
    latest > said ? sent + intervalSeconds : Number.POSITIVE_INFINITY,
    latest > told ? told - rules.leadSeconds : Number.POSITIVE_INFINITY,
    restateAt,
  );
  return due < latest ? due : Number.POSITIVE_INFINITY;
}

/** What it is once it is said at `now`, to be said again at `restateAt` at the latest. The expires to say are those of {@link expiresToSay} of the result. */
export function sayAnnouncement(
  announcement: Announcement,
  now: number,
  restateAt: number,
  rules: AnnouncementRules,
): Announcement {
  const { told, latest, intervalSeconds } = announcement;
  const repeats = announcement.repeats.filter(time => time > now);
  const begins = latest > told && now >= told - rules.leadSeconds;
  if (!begins) {
    const doubled = Math.min(2 * intervalSeconds, rules.longestIntervalSeconds);
    return { ...announcement, said: latest, sent: now, restateAt, intervalSeconds: doubled, repeats };
  }
  const afterScan = told + rules.scanSeconds;
  const added = [...repeatsFrom(now, rules), afterScan, ...repeatsFrom(afterScan, rules)];
  return {
    ...announcement,
    told: latest,
    said: latest,
    sent: now,
    restateAt,
    intervalSeconds: rules.shortestIntervalSeconds,
    repeats: mergeRepeats(
      added.filter(time => time > now),
      repeats,
    ),
  };
}

/** The expires to say, in the order in which receivers have to read them. */
export function expiresToSay({ told, latest }: Announcement): readonly number[] {
  return told < latest ? [told, latest] : [latest];
}

function repeatsFrom(time: number, rules: AnnouncementRules): number[] {
  return rules.repeatSeconds.map(seconds => time + seconds);
}

function mergeRepeats(added: readonly number[], before: readonly number[]): number[] {
  return [...new Set([...added, ...before])].sort((a, b) => a - b);
}
