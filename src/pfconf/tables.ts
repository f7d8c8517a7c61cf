// Tables: what a definition puts into them, and whether an address is inside.

import type { AddressWords } from '../address/address.js';
import { type Prefix, parsePrefix, prefixContains } from '../address/prefix.js';
import type { Host, TableStatement } from './ast.js';
import type { Environment } from './environment.js';
import type { LoadedRules, LoadedTable } from './loaded.js';
import { resolveHost } from './resolve.js';
import type { ReadFile } from './source.js';

type Entry = LoadedTable['entries'][number];

/** The table with the addresses that its statement and the files it names give. */
export function loadTable(
  statement: TableStatement,
  environment: Environment,
  readFile: ReadFile | undefined,
): LoadedTable {
  const listed = (statement.hosts ?? []).map(host => toEntries(host, environment));
  const filed = statement.files.map(path => readEntries(path, readFile));
  const parts = [...listed, ...filed];
  return {
    name: statement.name,
    statement,
    position: statement.position,
    isConst: statement.flags.includes('const'),
    isPersistent: statement.flags.includes('persist'),
    entries: parts.flatMap(part => part ?? []),
    isKnown: !parts.includes(null),
  };
}

function toEntries(host: Host, environment: Environment): Entry[] | null {
  const { hosts, isKnown } = resolveHost(host, environment);
  if (!isKnown) return null;
  return hosts.flatMap(one => (one.kind === 'prefix' ? [{ prefix: one.prefix, negated: one.negated }] : []));
}

/** One address or prefix to a word, `!` in front, `#` comments; null where the file or one of its words is not read. */
function readEntries(path: string, readFile: ReadFile | undefined): Entry[] | null {
  if (!readFile) return null;
  let text: string;
  try {
    text = readFile(path);
  } catch {
    return null;
  }
  const words = text
    .replace(/#.*/g, '')
    .replace(/!\s+/g, '!')
    .split(/\s+/)
    .filter(word => word !== '');
  const entries = words.map(word => {
    const prefix = parsePrefix(word.replace(/^!/, ''));
    return prefix && { prefix, negated: word.startsWith('!') };
  });
  return entries.includes(undefined) ? null : entries.filter(entry => entry !== undefined);
}

/** The table of that name as seen from a ruleset: its own, or that of the nearest ruleset above. */
export function findTable(rules: LoadedRules, path: string, name: string): LoadedTable | undefined {
  for (let at = path; ; at = at.split('/').slice(0, -1).join('/')) {
    const table = rules.rulesets.get(at)?.tables.get(name);
    if (table || at === '') return table;
  }
}

/** Whether the address is inside: of all prefixes that hold it, the longest decides, as in pf's radix tree. */
export function tableContains(table: LoadedTable, address: AddressWords): boolean {
  let best: Entry | undefined;
  for (const entry of table.entries) {
    const isLonger = best === undefined || entry.prefix.bits > best.prefix.bits;
    if (isLonger && sameFamily(entry.prefix, address) && prefixContains(entry.prefix, address)) best = entry;
  }
  return best !== undefined && !best.negated;
}

/** `::/0` holds no IPv4 address, though as 128 bits it would. */
function sameFamily(prefix: Prefix, address: AddressWords): boolean {
  const isMapped = (words: AddressWords): boolean => words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return prefix.bits >= 96 ? isMapped(prefix.words) === isMapped(address) : !isMapped(address);
}
