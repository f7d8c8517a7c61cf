// import: takes over the records of another database, or of spamdb(8)'s text.

import { backupIfWanted } from '../daemon/backup-database.js';
import { openDatabase } from '../daemon/open-database.js';
import { formatDatabase } from '../options/database.js';
import { databaseOf } from '../options/settings.js';
import { UsageError } from '../options/usage-error.js';
import type { Context } from './command.js';
import { EXIT } from './exit-status.js';
import { databaseNamed, databaseSource, isSameFile, type Source, textSource } from './transfer-endpoint.js';
import { move } from './transfer-move.js';

/** Runs the command; status 65 when lines of the text were no records, or records damaged. @throws {UsageError} @throws {StoreError} */
export async function run(context: Context): Promise<number> {
  const { settings, operands, warn } = context;
  const now = settings.at ?? Math.floor(Date.now() / 1000);
  const [operand] = operands as [string];
  const from = databaseNamed(operand);
  const into = databaseOf(settings);
  if (operand !== '-' && isSameFile(from?.path ?? operand, into.path))
    throw new UsageError(`"${operand}" is what it would be put into`);
  const source: Source = from
    ? await databaseSource(
        { ...settings, database: from, 'sightings-database': undefined, status: [] },
        now,
        warn,
      )
    : textSource(operand, warn);
  try {
    await move(source, { ...context, now, into: formatDatabase(into) }, async () => {
      if (!settings['dry-run']) await backupIfWanted(settings);
      return openDatabase(settings, { canCreate: true }, { warn });
    });
    return source.unreadable() > 0 ? EXIT.dataError : EXIT.ok;
  } finally {
    await source.close();
  }
}
