// What nft(8) reads on standard input, made in pieces; one script is one transaction.

import type { TableEntry } from './table.js';
import { isIpv6Item, MAX_LIFETIME_SECONDS } from './table-entry.js';

/** A set by the words that name it in a script: `inet spamlogd white4`. */
export type SetName = string;

/** How a set's elements are written. */
export interface ElementStyle {
  /** Whether elements carry the time after which the kernel forgets them. */
  readonly hasTimeouts: boolean;
  /**
   * Whether the kernel takes another timeout for an element that is there already. One that does not keeps the old
   * timeout and reports success, so that the element has to be deleted and added again.
   */
  readonly updates: boolean;
}

/** Elements in one statement: one line, so that nft repeats no more than that when it complains. */
const STATEMENT_ELEMENTS = 2048;

/** A set and how its elements are written. */
export interface ScriptSet {
  readonly words: readonly string[];
  readonly isIpv6: boolean;
  readonly style: ElementStyle;
}

/**
 * Statements after which each set has the entries of its family with their lives. The entries are walked over once, so
 * that each piece comes soon after the last one however the families are mixed.
 */
export function* addScripts(sets: readonly ScriptSet[], entries: Iterable<TableEntry>): Generator<string> {
  const waiting = sets.map((): TableEntry[] => []);
  for (const entry of entries) {
    const index = sets.findIndex(set => set.isIpv6 === isIpv6Item(entry.address));
    const slice = waiting[index];
    if (slice === undefined) continue;
    slice.push(entry);
    if (slice.length < STATEMENT_ELEMENTS) continue;
    waiting[index] = [];
    yield* addScript(sets[index]!.words.join(' '), slice, sets[index]!.style);
  }
  for (const [index, { words, style }] of sets.entries()) {
    yield* addScript(words.join(' '), waiting[index]!, style);
  }
}

/** As {@link addScripts}, after which the sets have nothing else. */
export function* replaceScripts(
  sets: readonly ScriptSet[],
  entries: Iterable<TableEntry>,
): Generator<string> {
  for (const { words } of sets) yield `flush set ${words.join(' ')}\n`;
  const emptied = sets.map(set => ({ ...set, style: { ...set.style, updates: true } }));
  yield* addScripts(emptied, entries);
}

/** Statements after which the set has each of the entries with its life. */
export function* addScript(
  set: SetName,
  entries: Iterable<TableEntry>,
  style: ElementStyle,
): Generator<string> {
  const isRecreated = style.hasTimeouts && !style.updates;
  for (const slice of slices(isRecreated ? distinct(entries, entry => entry.address) : entries)) {
    if (isRecreated) {
      const names = slice.map(entry => entry.address).join(', ');
      // Deleting what is not there would undo the whole transaction, so it is put there first.
      yield `add element ${set} { ${names} }\ndelete element ${set} { ${names} }\n`;
    }
    yield `add element ${set} { ${slice.map(entry => formatElement(entry, style)).join(', ')} }\n`;
  }
}

/** Statements that delete elements; all of them must be there. */
export function* deleteScript(set: SetName, addresses: Iterable<string>): Generator<string> {
  for (const slice of slices(distinct(addresses, address => address))) {
    yield `delete element ${set} { ${slice.join(', ')} }\n`;
  }
}

function formatElement({ address, lifetimeSeconds }: TableEntry, { hasTimeouts }: ElementStyle): string {
  if (!hasTimeouts || lifetimeSeconds === undefined) return address;
  const time = formatTime(Math.min(lifetimeSeconds, MAX_LIFETIME_SECONDS));
  // A timeout alone would leave the clock of an element that has the same timeout already as it is.
  return `${address} timeout ${time} expires ${time}`;
}

/** A time as nft reads it: a number of seconds of nine digits would be too large for it. */
function formatTime(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  return days === 0 ? `${seconds}s` : `${days}d${seconds % 86_400}s`;
}

/** What is deleted must be named once. */
function* distinct<T>(items: Iterable<T>, key: (item: T) => string): Generator<T> {
  const seen = new Set<string>();
  for (const item of items) {
    const text = key(item);
    if (seen.has(text)) continue;
    seen.add(text);
    yield item;
  }
}

function* slices<T>(items: Iterable<T>): Generator<T[]> {
  let slice: T[] = [];
  for (const item of items) {
    slice.push(item);
    if (slice.length < STATEMENT_ELEMENTS) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}
