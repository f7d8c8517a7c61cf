// The unprivileged side of a table: the same interface, each method asked of the privileged side in bounded pieces.

import { type Entries, EntryList } from './entry-list.js';
import {
  type Families,
  type ReplaceOptions,
  type Table,
  type TableChange,
  type TableEntry,
  TableError,
  type TableState,
} from './table.js';
import {
  CHUNK_ENTRIES,
  isTableErrorCode,
  type ListCommand,
  type ListVerb,
  type TableCommand,
  type TableReply,
} from './table-command.js';

/** Carries a command to the privileged side and brings its reply; rejects when there is no such side any more. */
export type TableTransport = (command: TableCommand) => Promise<TableReply>;

/** What a remote table is here, to be taken from the table that `openTable` makes of the same configuration. */
export interface RemoteTableIdentity {
  /** Index among the configured tables. */
  readonly index: number;
  readonly name: string;
  readonly families: Families;
}

/** A table that someone with privileges changes for us. */
export class RemoteTable implements Table {
  readonly name: string;
  readonly families: Families;
  readonly #index: number;
  readonly #transport: TableTransport;
  /** The other side receives one list and sends one at a time. */
  #writing: Promise<unknown> = Promise.resolve();
  #reading: Promise<unknown> = Promise.resolve();

  constructor({ index, name, families }: RemoteTableIdentity, transport: TableTransport) {
    this.#index = index;
    this.name = name;
    this.families = families;
    this.#transport = transport;
  }

  async probe(): Promise<TableState> {
    const reply = await this.#ask({ verb: 'probe', table: this.#index });
    if (!('state' in reply)) throw this.#unexpected();
    return reply.state;
  }

  read(): Promise<EntryList> {
    const result = this.#reading.then(() => this.#fetch());
    this.#reading = result.catch(() => undefined);
    return result;
  }

  add(entries: Entries): Promise<void> {
    return entries.length === 0 ? Promise.resolve() : this.#send('add', entries);
  }

  remove(addresses: readonly string[]): Promise<void> {
    if (addresses.length === 0) return Promise.resolve();
    return this.#send(
      'remove',
      addresses.map(address => ({ address })),
    );
  }

  replace(entries: Entries, options: ReplaceOptions = {}): Promise<void> {
    return this.#send('replace', entries, options);
  }

  dryRun({ verb, entries }: TableChange): Promise<void> {
    return this.#send(`dry-run-${verb}`, entries);
  }

  async fingerprint(): Promise<string | undefined> {
    const reply = await this.#ask({ verb: 'fingerprint', table: this.#index });
    if (!('fingerprint' in reply)) throw this.#unexpected();
    return reply.fingerprint ?? undefined;
  }

  async #fetch(): Promise<EntryList> {
    const contents = new EntryList();
    let from = 0;
    for (let total = Number.POSITIVE_INFINITY; from < total; ) {
      const reply = await this.#ask({ verb: 'read', table: this.#index, from });
      if (!('entries' in reply)) throw this.#unexpected();
      if (reply.entries.length === 0 && reply.total > from) throw this.#unexpected();
      for (const entry of reply.entries) contents.add(entry);
      from += reply.entries.length;
      total = reply.total;
    }
    return contents;
  }

  #send(verb: ListVerb, entries: Entries, options: ReplaceOptions = {}): Promise<void> {
    const result = this.#writing.then(async () => {
      const total = entries.length;
      let from = 0;
      for (const chunk of chunks(entries)) {
        const command: ListCommand = { verb, table: this.#index, from, total, entries: chunk, ...options };
        await this.#ask(command);
        from += chunk.length;
      }
    });
    this.#writing = result.catch(() => undefined);
    return result;
  }

  async #ask(command: TableCommand): Promise<Extract<TableReply, { ok: true }>> {
    let reply: TableReply;
    try {
      reply = await this.#transport(command);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TableError('unavailable', `Cannot reach ${this.name} through the monitor: ${why}`, { cause });
    }
    if (reply.ok) return reply;
    throw new TableError(isTableErrorCode(reply.code) ? reply.code : 'failed', reply.message);
  }

  #unexpected(): TableError {
    return new TableError('failed', `Cannot use ${this.name}: the monitor's reply is not one to the command`);
  }
}

/** The entries in pieces of one command each; one without entries where there are none. */
function* chunks(entries: Entries): Generator<TableEntry[]> {
  let chunk: TableEntry[] = [];
  for (const entry of entries) {
    chunk.push(entry);
    if (chunk.length < CHUNK_ENTRIES) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0 || entries.length === 0) yield chunk;
}
