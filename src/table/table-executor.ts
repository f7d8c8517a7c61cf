// The privileged side of a table: carries out the closed set of commands on the configured tables, and nothing else.

import { EntryList } from './entry-list.js';
import { type Table, TableError } from './table.js';
import {
  CHUNK_ENTRIES,
  type ListCommand,
  parseTableCommand,
  type ReadCommand,
  type TableReply,
} from './table-command.js';

/** What is under way on one table. */
interface Progress {
  /** The list that is being received. */
  list: { readonly command: ListCommand; readonly entries: EntryList; received: number } | undefined;
  /** What was read and not yet fetched. */
  contents: EntryList | undefined;
}

const OK: TableReply = { ok: true };

/** Commands under way at once for each table: one of every kind, and what a restarted engine left behind. */
const COMMANDS_AT_ONCE = 8;

/**
 * Executes commands that arrive from the unprivileged side on `tables`, which it names by their index alone. A command
 * that does not parse is answered with code `refused` and touches nothing; the caller may take it for what it is, a
 * break-in or a bug, and end.
 *
 * Per table it keeps one list that is being received and one that is being fetched, each bounded, and runs a bounded
 * number of commands at once.
 */
export class TableExecutor {
  readonly #tables: readonly Table[];
  readonly #progress: readonly Progress[];
  #underWay = 0;

  constructor(tables: readonly Table[]) {
    this.#tables = tables;
    this.#progress = tables.map(() => ({ list: undefined, contents: undefined }));
  }

  /** Carries out one command, whatever was received in its place; never rejects. */
  async execute(value: unknown): Promise<TableReply> {
    const command = parseTableCommand(value, this.#tables.length);
    if (typeof command === 'string') return refuse(command);
    if (this.#underWay >= COMMANDS_AT_ONCE * this.#tables.length) return refuse('too many at once');
    const table = this.#tables[command.table]!;
    const progress = this.#progress[command.table]!;
    this.#underWay += 1;
    try {
      switch (command.verb) {
        case 'probe':
          return { ok: true, state: await table.probe() };
        case 'fingerprint':
          return { ok: true, fingerprint: (await table.fingerprint()) ?? null };
        case 'read':
          return await read(table, progress, command);
        default:
          return await receive(table, progress, command);
      }
    } catch (error) {
      const code = error instanceof TableError ? error.code : 'failed';
      return { ok: false, code, message: error instanceof Error ? error.message : String(error) };
    } finally {
      this.#underWay -= 1;
    }
  }
}

async function read(table: Table, progress: Progress, { from }: ReadCommand): Promise<TableReply> {
  if (from === 0) progress.contents = await table.read();
  const { contents } = progress;
  if (contents === undefined || from > contents.length) return refuse('nothing was read that goes on there');
  const entries = contents.slice(from, from + CHUNK_ENTRIES);
  if (from + entries.length === contents.length) progress.contents = undefined;
  return { ok: true, entries, total: contents.length };
}

async function receive(table: Table, progress: Progress, command: ListCommand): Promise<TableReply> {
  const { verb, from, total, entries, force } = command;
  if (from === 0) progress.list = { command, entries: new EntryList(), received: 0 };
  const { list } = progress;
  if (list?.command.verb !== verb || list.command.total !== total || list.received !== from) {
    progress.list = undefined;
    return refuse('a piece of a list that does not follow the last one');
  }
  for (const entry of entries) list.entries.add(entry);
  list.received += entries.length;
  if (list.received < total) return OK;
  progress.list = undefined;
  switch (verb) {
    case 'add':
      await table.add(list.entries);
      break;
    case 'remove':
      await table.remove(Array.from(list.entries, entry => entry.address));
      break;
    case 'replace':
      await table.replace(list.entries, force === undefined ? {} : { force });
      break;
    case 'dry-run-add':
      await table.dryRun({ verb: 'add', entries: list.entries });
      break;
    case 'dry-run-remove':
      await table.dryRun({ verb: 'remove', entries: list.entries });
      break;
    case 'dry-run-replace':
      await table.dryRun({ verb: 'replace', entries: list.entries });
      break;
  }
  return OK;
}

function refuse(reason: string): TableReply {
  return { ok: false, code: 'refused', message: `Refused a command on tables: ${reason}` };
}
