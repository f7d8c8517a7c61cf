// What `nft -j list` prints (libnftables-json(5)): sets, and elements one by one while they arrive.

import type { TableEntry } from './table.js';
import { canonicalItem } from './table-entry.js';

/** A set as nft describes it. */
export interface SetDescription {
  readonly table: string;
  readonly name: string;
  /** `ipv4_addr`, `ipv6_addr`, something else, or a list of types for a concatenation. */
  readonly type: unknown;
  readonly flags: readonly string[];
  /** Most elements it takes; absent when unlimited. */
  readonly size?: number;
}

/** The sets in the output of `nft -j -t list sets FAMILY`, or undefined when it is not that. */
export function parseSets(output: string): SetDescription[] | undefined {
  const document = parseJson(output);
  const objects = isObject(document) ? document['nftables'] : undefined;
  if (!Array.isArray(objects)) return undefined;
  return objects.flatMap((object: unknown) => {
    const set = isObject(object) ? object['set'] : undefined;
    return isObject(set) ? [describe(set)] : [];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function describe({ table, name, type, flags, size }: Record<string, unknown>): SetDescription {
  return {
    table: String(table),
    name: String(name),
    type,
    flags: Array.isArray(flags) ? flags.map(String) : [],
    ...(typeof size === 'number' && { size }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
/** Brackets and braces differ in one bit. */
const BRACKET_OR_BRACE = 0x20;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** A quoted `elem` cannot stand inside a JSON string, where its quotes would be escaped. */
const ELEMENTS = /"elem"\s*:\s*\[/;

/**
 * Takes the output of `nft -j list set` as it comes and gives an entry for each element. The elements of one piece are
 * parsed at a time, so that a listing of megabytes never keeps the event loop for long.
 */
export class ElementListing {
  readonly #take: (entry: TableEntry) => void;
  #text = '';
  #state: 'head' | 'elements' | 'tail' | 'broken' = 'head';
  #scanned = 0;
  #depth = 0;
  #inString = false;

  constructor(take: (entry: TableEntry) => void) {
    this.#take = take;
  }

  /** Takes the next piece of output. */
  push(text: string): void {
    this.#text += text;
    if (this.#state === 'head') this.#findElements();
    if (this.#state === 'elements') this.#scan();
  }

  /** Takes the end of output; says what was wrong with the listing, if anything was. */
  end(): string | undefined {
    if (this.#state === 'broken') return 'is not JSON';
    if (this.#state === 'elements') return 'ends among the elements';
    // A set without elements is listed without the word.
    if (this.#state === 'head' && !parseSets(this.#text)?.length) return 'names no set';
    return undefined;
  }

  #findElements(): void {
    const match = ELEMENTS.exec(this.#text);
    if (match === null) return;
    this.#text = this.#text.slice(match.index + match[0].length);
    this.#state = 'elements';
  }

  /** Walks over what came last, then parses up to the last comma between elements, or to the end of the array. */
  #scan(): void {
    let complete = 0;
    for (let at = this.#scanned; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at);
      if (this.#inString) {
        // What is escaped never ends the string, even where it only comes with the next piece.
        if (code === BACKSLASH) at += 1;
        else if (code === QUOTE) this.#inString = false;
      } else if (code === QUOTE) this.#inString = true;
      else if ((code | BRACKET_OR_BRACE) === OPEN) this.#depth += 1;
      else if ((code | BRACKET_OR_BRACE) === CLOSE) {
        this.#depth -= 1;
        if (this.#depth < 0) {
          this.#parse(at, 'tail');
          return;
        }
      } else if (code === COMMA && this.#depth === 0) complete = at;
      this.#scanned = at + 1;
    }
    if (complete > 0) this.#parse(complete, 'elements');
  }

  /** Gives the elements before `end`, and forgets them and the character there. */
  #parse(end: number, state: 'elements' | 'tail'): void {
    const elements = parseJson(`[${this.#text.slice(0, end)}]`);
    this.#text = this.#text.slice(end + 1);
    this.#scanned -= end + 1;
    this.#state = Array.isArray(elements) ? state : 'broken';
    if (!Array.isArray(elements)) return;
    for (const element of elements) {
      const entry = readElement(element);
      if (entry !== undefined) this.#take(entry);
    }
  }
}

/** `"ADDRESS"` or `{"elem": {"val": "ADDRESS", "timeout": SECONDS, "expires": SECONDS}}`. */
function readElement(element: unknown): TableEntry | undefined {
  const details = isObject(element) ? element['elem'] : undefined;
  const { val, timeout, expires } = isObject(details) ? details : { val: element };
  const address = typeof val === 'string' ? canonicalItem(val) : undefined;
  if (address === undefined) return undefined;
  if (typeof expires === 'number') return { address, lifetimeSeconds: Math.max(1, expires) };
  // Time left is not shown where none is left.
  return typeof timeout === 'number' ? { address, lifetimeSeconds: 1 } : { address };
}
