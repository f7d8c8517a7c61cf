// export: gives the database's records to another one, as spamdb(8)'s text, or as plain addresses for others to trust.

import { once } from 'node:events';
import { openDatabase } from '../daemon/open-database.js';
import { formatDatabase, parseDatabase } from '../options/database.js';
import { databaseOf } from '../options/settings.js';
import type { Settings } from '../options/table.js';
import { UsageError } from '../options/usage-error.js';
import type { StoreRecord } from '../store/store.js';
import { trustedAddresses, writeSpamdb } from '../store/transfer.js';
import type { Context } from './command.js';
import { EXIT } from './exit-status.js';
import { plural } from './format.js';
import { type DatabaseSource, databaseSource, isSameFile, type Source } from './transfer-endpoint.js';
import { move } from './transfer-move.js';

/** Runs the command; status 65 when records were left out. @throws {UsageError} @throws {StoreError} */
export async function run(context: Context): Promise<number> {
  const { settings, operands, warn } = context;
  const now = settings.at ?? Math.floor(Date.now() / 1000);
  const target = operands[0] ?? '-';
  const isPlain = settings['min-age'] !== undefined || settings['min-count'] !== undefined;
  if (target !== '-' && isPlain)
    throw new UsageError('options "--min-age" and "--min-count" write addresses, not a database');
  const into = target === '-' ? undefined : databaseNamed(target, settings);
  const source = await databaseSource(settings, now, warn);
  try {
    if (into !== undefined) {
      const taking: Settings = { ...settings, database: into, 'sightings-database': undefined };
      await move(source, { ...context, settings: taking, now, into: formatDatabase(into) }, () =>
        openDatabase(taking, { canCreate: true }, { warn }),
      );
    } else if (isPlain) await writeAddresses(source, context, now);
    else await writeText(source, context);
  } finally {
    await source.close();
  }
  return source.unreadable() > 0 ? EXIT.dataError : EXIT.ok;
}

/** A database is named with its kind: a bare path might be meant for text. @throws {UsageError} */
function databaseNamed(target: string, settings: Settings): NonNullable<Settings['database']> {
  const parsed = parseDatabase(target);
  if ('expected' in parsed || parsed.value.path === target)
    throw new UsageError(`"${target}" must be sqlite:PATH, spamd:PATH, or - for text on standard output`);
  if (isSameFile(parsed.value.path, databaseOf(settings).path))
    throw new UsageError(`"${target}" is what would be exported`);
  return parsed.value;
}

async function tellCount(count: number, name: 'record' | 'line', { output }: Context): Promise<void> {
  await output.line(`${plural(count, name)} would be written`);
}

async function writeAddresses({ records }: Source, context: Context, now: number): Promise<void> {
  const { settings, output } = context;
  const { 'min-age': minAgeSeconds = 0, 'min-count': minCount = 0 } = settings;
  const addresses = trustedAddresses(records, { now, minAgeSeconds, minCount });
  let count = 0;
  for await (const address of addresses) {
    count++;
    if (!settings['dry-run']) await output.line(address);
  }
  if (settings['dry-run']) await tellCount(count, 'line', context);
}

const LINE_FEED = 0x0a;

/** Bytes as they are: a record's text need not be UTF-8. */
async function writeText({ records, leaveOut }: DatabaseSource, context: Context): Promise<void> {
  const { settings, warn } = context;
  const onProblem = ({ address }: StoreRecord): void => {
    warn(`a record of "${address}" has a line feed in its text: left out`);
    leaveOut();
  };
  let count = 0;
  for await (const piece of writeSpamdb(records, onProblem)) {
    if (settings['dry-run']) for (const byte of piece) count += Number(byte === LINE_FEED);
    else if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
  }
  if (settings['dry-run']) await tellCount(count, 'record', context);
}
