// pf: a table in the kernel's packet filter, through pfctl(8).

import { type Entries, EntryList } from './entry-list.js';
import { explainPfctl } from './pf-failure.js';
import { explainBrokenRun, type Reason } from './run-failure.js';
import type { Runner } from './runner.js';
import { type ReplaceOptions, type Table, type TableChange, TableError } from './table.js';
import { canonicalItem, checkChange, checkEntries, checkItems, refuseEmpty } from './table-entry.js';
import type { PfTableSpec } from './table-spec.js';

/** Half of FreeBSD's default cap on one request (net.pf.request_maxcount); less once that has proved too many. */
const REQUEST_ENTRIES = 32_768;
/** Entries that become text at a time: a fraction of a millisecond's work. */
const PIECE_ENTRIES = 2048;

/** What a run does, for the error message, and what it is run with. */
interface Task {
  readonly doing: string;
  readonly args: readonly string[];
  readonly addresses?: readonly string[];
  readonly onOutput?: (text: string) => void;
}

/** A table of pf. IPv4 and IPv6 live in one table; entries stay until they are removed. */
export class PfTable implements Table {
  readonly name: string;
  readonly families = { ipv4: true, ipv6: true } as const;
  readonly #spec: PfTableSpec;
  readonly #runner: Runner;
  #requestEntries = REQUEST_ENTRIES;

  constructor(spec: PfTableSpec, runner: Runner) {
    this.#spec = spec;
    this.#runner = runner;
    this.name = `pf table <${spec.table}>${spec.anchor === '' ? '' : ` in anchor "${spec.anchor}"`}`;
  }

  async probe(): Promise<{ forgets: boolean; warnings: string[] }> {
    const flags = await this.#flags('probe');
    if (flags.includes('c')) throw this.#error('probe', CONSTANT);
    const warnings: string[] = [];
    if (!flags.includes('p')) {
      warnings.push(
        `${this.name} is not declared "persist": it vanishes when the last rule that names it goes`,
      );
    }
    if (/^Status: Disabled/m.test(await this.#info()))
      warnings.push('pf is disabled: no table has an effect');
    return { forgets: false, warnings };
  }

  async read(): Promise<EntryList> {
    const entries = new EntryList();
    let rest = '';
    const takeLine = (line: string): void => {
      const [token = ''] = line.trim().split(/\s/, 1);
      const address = canonicalItem(token);
      if (address !== undefined) entries.add({ address });
    };
    const onOutput = (text: string): void => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(takeLine);
    };
    await this.#run({ doing: 'read', args: this.#tableArgs('show'), onOutput });
    takeLine(rest);
    return entries;
  }

  async add(entries: Entries): Promise<void> {
    await checkEntries(entries);
    await this.#change('add', addressesOf(entries));
  }

  async remove(addresses: readonly string[]): Promise<void> {
    await checkItems(addresses);
    await this.#change('delete', addresses);
  }

  async replace(entries: Entries, options: ReplaceOptions = {}): Promise<void> {
    refuseEmpty(this.name, entries, options);
    await checkEntries(entries);
    const addresses = addressesOf(entries);
    try {
      await this.#run({ doing: 'replace', args: this.#tableArgs('replace', '-f', '-'), addresses });
    } catch (error) {
      if (!isTooMany(error)) throw error;
      await this.#converge(addresses);
    }
  }

  async dryRun(change: TableChange): Promise<void> {
    await checkChange(change);
    const addresses = addressesOf(change.entries);
    if (change.verb !== 'replace')
      return this.#change(change.verb === 'add' ? 'add' : 'delete', addresses, ['-n']);
    await this.#run({ doing: 'replace', args: ['-n', ...this.#tableArgs('replace', '-f', '-')], addresses });
  }

  /** The checksum of the main ruleset, by which pfsync(4) peers compare theirs. */
  async fingerprint(): Promise<string | undefined> {
    return /^Checksum:\s*(0x[0-9a-f]+)/im.exec(await this.#info())?.[1];
  }

  /** What {@link replace} does where one request cannot hold the list: first what is missing, then what is too much. */
  async #converge(addresses: readonly string[]): Promise<void> {
    const wanted = new Set(addresses);
    const present = new Set(Array.from(await this.read(), entry => entry.address));
    await this.#change(
      'add',
      [...wanted].filter(address => !present.has(address)),
    );
    await this.#change(
      'delete',
      [...present].filter(address => !wanted.has(address)),
    );
  }

  async #change(
    command: 'add' | 'delete',
    addresses: readonly string[],
    before: string[] = [],
  ): Promise<void> {
    const doing = command === 'add' ? 'add to' : 'remove from';
    const args = [...before, ...this.#tableArgs(command, '-f', '-')];
    for (let at = 0; at < addresses.length; ) {
      const request = addresses.slice(at, at + this.#requestEntries);
      try {
        await this.#run({ doing, args, addresses: request });
        at += request.length;
      } catch (error) {
        if (!isTooMany(error) || request.length === 1) throw error;
        this.#requestEntries = Math.ceil(request.length / 2);
      }
    }
  }

  /** The table's flags as `pfctl -v -s Tables` shows them: `c` const, `p` persist, `a` active, `r` referenced. */
  async #flags(doing: string): Promise<string> {
    const listing = await this.#run({ doing, args: [...this.#anchorArgs(), '-v', '-s', 'Tables'] });
    for (const line of listing.split('\n')) {
      const [flags = '', table] = line.split('\t');
      if (table?.trim() === this.#spec.table) return flags;
    }
    throw this.#error(doing, this.#explain(1, 'Table does not exist', 0));
  }

  #info(): Promise<string> {
    return this.#run({ doing: 'read the status of pf for', args: ['-v', '-s', 'info'] });
  }

  #anchorArgs(): string[] {
    return this.#spec.anchor === '' ? [] : ['-a', this.#spec.anchor];
  }

  #tableArgs(command: string, ...more: string[]): string[] {
    return [...this.#anchorArgs(), '-q', '-t', this.#spec.table, '-T', command, ...more];
  }

  async #run({ doing, args, addresses, onOutput }: Task): Promise<string> {
    const result = await this.#runner({
      program: 'pfctl',
      args,
      ...(addresses && { input: lines(addresses) }),
      ...(onOutput && { onOutput }),
    });
    if (result.end !== 'exited') throw this.#error(doing, explainBrokenRun('pfctl', result));
    if (result.status === 0) return result.stdout;
    const count = addresses?.length ?? (onOutput ? Number.POSITIVE_INFINITY : 0);
    const reason = this.#explain(result.status, result.stderr, count);
    // EPERM is also how pf refuses a change to a const table.
    const isConstant = reason.code === 'permission' && addresses !== undefined && (await this.#isConstant());
    throw this.#error(doing, isConstant ? CONSTANT : reason);
  }

  async #isConstant(): Promise<boolean> {
    return this.#flags('probe').then(
      flags => flags.includes('c'),
      () => false,
    );
  }

  #explain(status: number, stderr: string, count: number): Reason {
    return explainPfctl(this.#spec, { status, stderr, count });
  }

  #error(doing: string, { code, words, cause }: Reason): TableError {
    return new TableError(code, `Cannot ${doing} ${this.name}: ${words}`, cause && { cause });
  }
}

const CONSTANT: Reason = { code: 'constant', words: 'it is declared "const"; take that out of pf.conf' };

function isTooMany(error: unknown): boolean {
  return error instanceof TableError && error.code === 'too-many';
}

function addressesOf(entries: Entries): string[] {
  return Array.from(entries, entry => entry.address);
}

/** One address a line, as pfctl -f reads them. */
function* lines(addresses: readonly string[]): Generator<string> {
  for (let at = 0; at < addresses.length; at += PIECE_ENTRIES) {
    yield `${addresses.slice(at, at + PIECE_ENTRIES).join('\n')}\n`;
  }
}
