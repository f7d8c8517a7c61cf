// nftables: one set a family in the kernel's packet filter, through nft(8).

import { release } from 'node:os';
import { type Entries, EntryList } from './entry-list.js';
import { explainNft, FULL } from './nft-failure.js';
import { ElementListing, parseSets } from './nft-listing.js';
import { findMembers, type Member } from './nft-member.js';
import { addScripts, deleteScript, replaceScripts } from './nft-script.js';
import { explainBrokenRun, type Reason } from './run-failure.js';
import type { Runner } from './runner.js';
import {
  type Families,
  type ReplaceOptions,
  type Table,
  type TableChange,
  TableError,
  type TableErrorCode,
  type TableState,
} from './table.js';
import { checkChange, checkEntries, checkItems, isIpv6Item, refuseEmpty } from './table-entry.js';
import type { NftTableSpec } from './table-spec.js';

/** How {@link NftTable} treats the kernel. */
export interface NftTableOptions {
  /** Whether the kernel takes another timeout for an element that is there; found out from its version when absent. */
  readonly updatesElements?: boolean;
}

/** A delete may lose the race against the kernel's own forgetting this often. */
const DELETE_ATTEMPTS = 3;

/** Sets of nftables. Elements carry their life as a timeout where the set was declared with `flags timeout`. */
export class NftTable implements Table {
  readonly name: string;
  readonly families: Families;
  readonly #spec: NftTableSpec;
  readonly #runner: Runner;
  readonly #updates: boolean;
  #members: readonly Member[] | undefined;

  constructor(spec: NftTableSpec, runner: Runner, options: NftTableOptions = {}) {
    this.#spec = spec;
    this.#runner = runner;
    this.#updates = options.updatesElements ?? kernelUpdatesElements(release());
    this.families = { ipv4: spec.set4 !== undefined, ipv6: spec.set6 !== undefined };
    const sets = [spec.set4, spec.set6].filter(name => name !== undefined);
    this.name = `nftables set${sets.length > 1 ? 's' : ''} ${spec.family} ${spec.table} ${sets.join(' and ')}`;
  }

  async probe(): Promise<TableState> {
    const members = await this.#look('probe');
    const sizes = members.flatMap(member => member.size ?? []);
    return {
      forgets: members.every(member => member.style.hasTimeouts),
      ...(sizes.length === members.length && { capacity: sizes.reduce((sum, size) => sum + size, 0) }),
      warnings: members
        .filter(member => !member.style.hasTimeouts)
        .map(
          ({ words }) => `set ${words[2]} has no "flags timeout": it forgets nothing while spamlogd is down`,
        ),
    };
  }

  async read(): Promise<EntryList> {
    const entries = new EntryList();
    for (const { words } of await this.#look('read')) {
      const listing = new ElementListing(entry => entries.add(entry));
      const onOutput = (text: string): void => listing.push(text);
      await this.#run('read', ['-j', 'list', 'set', ...words], { onOutput });
      const reason = listing.end();
      if (reason === undefined) continue;
      throw this.#error('read', { code: 'failed', words: `the listing of nft ${reason}` });
    }
    return entries;
  }

  async add(entries: Entries): Promise<void> {
    await checkEntries(entries);
    if (entries.length > 0) await this.#put('add to', entries, addScripts);
  }

  async remove(addresses: readonly string[]): Promise<void> {
    await checkItems(addresses);
    let present = addresses.filter(isAddress);
    for (let attempt = 1; present.length > 0; attempt++) {
      try {
        return await this.#change('remove from', members => this.#deletions(members, present));
      } catch (error) {
        // One element that is not there, perhaps because its life ended a moment ago, keeps all others from being
        // deleted; of many that are not there nft cannot even say so.
        const mayBeGone = isTableError(error, 'missing') || isTableError(error, 'failed');
        if (!mayBeGone || attempt === DELETE_ATTEMPTS) throw error;
        present = await this.#present(present);
      }
    }
  }

  async replace(entries: Entries, options: ReplaceOptions = {}): Promise<void> {
    refuseEmpty(this.name, entries, options);
    await checkEntries(entries);
    await this.#put('replace', entries, replaceScripts);
  }

  async dryRun(change: TableChange): Promise<void> {
    await checkChange(change);
    const { verb, entries } = change;
    if (verb === 'remove') {
      const present = await this.#present(Array.from(entries, entry => entry.address));
      return this.#change('remove from', members => this.#deletions(members, present), ['-c']);
    }
    if (verb === 'add') return this.#put('add to', entries, addScripts, ['-c']);
    await this.#put('replace', entries, replaceScripts, ['-c']);
  }

  async fingerprint(): Promise<undefined> {
    return undefined;
  }

  async #present(addresses: readonly string[]): Promise<string[]> {
    const present = new Set(Array.from(await this.read(), entry => entry.address));
    return addresses.filter(address => present.has(address));
  }

  async #put(
    doing: string,
    entries: Entries,
    write: typeof addScripts,
    before: readonly string[] = [],
  ): Promise<void> {
    try {
      await this.#change(doing, members => write(members, entries), before);
    } catch (error) {
      const isVague = isTableError(error, 'failed');
      if (isVague && (await this.#isTooSmall(entries, write === replaceScripts))) {
        throw this.#error(doing, { ...FULL, cause: error as TableError });
      }
      throw error;
    }
  }

  /** Whether the entries are more than the sets have room for, as far as that can be found out. */
  async #isTooSmall(entries: Entries, isReplacement: boolean): Promise<boolean> {
    try {
      const members = await this.#look('probe');
      const held = isReplacement ? [] : await this.read();
      const all = [...new Set([...held, ...entries].map(entry => entry.address))];
      return members.some(
        ({ isIpv6, size = Number.POSITIVE_INFINITY }) =>
          all.filter(address => isIpv6Item(address) === isIpv6).length > size,
      );
    } catch {
      return false;
    }
  }

  *#deletions(members: readonly Member[], addresses: readonly string[]): Generator<string> {
    for (const { words, isIpv6 } of members) {
      yield* deleteScript(
        words.join(' '),
        select(addresses, address => isIpv6Item(address) === isIpv6),
      );
    }
  }

  /** Runs a script; once more where it failed on what was known of sets that others may have declared anew since. */
  async #change(
    doing: string,
    script: (members: readonly Member[]) => Iterable<string>,
    before: readonly string[] = [],
  ): Promise<void> {
    const run = async (members: readonly Member[]): Promise<void> => {
      await this.#run(doing, [...before, '-f', '-'], { input: script(members) });
    };
    const known = this.#members;
    if (known === undefined) return run(await this.#look(doing));
    try {
      await run(known);
    } catch (error) {
      if (!isTableError(error, 'failed')) throw error;
      await run(await this.#look(doing));
    }
  }

  /** Looks at the sets without their elements: `list sets` with `-t` is quick, `list set` is not even with it. */
  async #look(doing: string): Promise<readonly Member[]> {
    const sets = parseSets(await this.#run(doing, ['-j', '-t', 'list', 'sets', this.#spec.family]));
    if (sets === undefined)
      throw this.#error(doing, { code: 'failed', words: 'nft printed no list of sets' });
    const members = findMembers(this.#spec, sets, this.#updates);
    if ('code' in members) throw this.#error(doing, members);
    this.#members = members;
    return members;
  }

  async #run(
    doing: string,
    args: readonly string[],
    streams: { input?: Iterable<string>; onOutput?: (text: string) => void } = {},
  ): Promise<string> {
    const result = await this.#runner({ program: 'nft', args, ...streams });
    if (result.end === 'exited' && result.status === 0) return result.stdout;
    this.#members = undefined;
    if (result.end !== 'exited') throw this.#error(doing, explainBrokenRun('nft', result));
    throw this.#error(doing, explainNft(result.status, result.stderr));
  }

  #error(doing: string, { code, words, cause }: Reason): TableError {
    return new TableError(code, `Cannot ${doing} ${this.name}: ${words}`, cause && { cause });
  }
}

/** Those of a list that are wanted, one after the other: a list of 100,000 is not copied at one go. */
function* select<T>(items: Iterable<T>, isWanted: (item: T) => boolean): Generator<T> {
  for (const item of items) if (isWanted(item)) yield item;
}

function isTableError(error: unknown, code: TableErrorCode): boolean {
  return error instanceof TableError && error.code === code;
}

/** Sets hold addresses only; a prefix or a `!` of another firewall's is never in one. */
function isAddress(item: string): boolean {
  return !item.includes('/') && !item.startsWith('!');
}

/** Kernels since 6.13 surely take another timeout for an element that is there; older ones keep the first. */
function kernelUpdatesElements(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(part => Number.parseInt(part, 10));
  return major > 6 || (major === 6 && minor >= 13);
}
