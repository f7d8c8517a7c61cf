// verify: checks a database of any kind, and says what is wrong where.

import { backupIfWanted } from '../daemon/backup-database.js';
import { type DatabaseName, formatDatabase, parseDatabase } from '../options/database.js';
import { withKindFound } from '../options/find-kind.js';
import { databaseOf } from '../options/settings.js';
import type { Settings } from '../options/table.js';
import { UsageError } from '../options/usage-error.js';
import { StoreError } from '../store/store.js';
import type { Context } from './command.js';
import { EXIT } from './exit-status.js';
import { plural } from './format.js';

/** What is wrong, and where that can be said. */
interface Problem {
  readonly severity: 'damage' | 'oddity';
  readonly page?: number | undefined;
  readonly text: string;
}

/** Runs the command; status 65 when something is damaged. @throws {UsageError} @throws {StoreError} */
export async function run({ settings, operands, output }: Context): Promise<number> {
  const database = databaseOfOperand(operands[0], settings);
  await backupIfWanted(settings, database);
  const name = formatDatabase(database);
  const counts = { damage: 0, oddity: 0 };
  for await (const problem of problems(database, settings)) {
    counts[problem.severity]++;
    const { severity, page, text } = problem;
    const where = page === undefined ? '' : `page ${page}: `;
    await output.line(
      settings.json ? JSON.stringify({ database: name, ...problem }) : `${severity}: ${where}${text}`,
    );
  }
  if (!settings.json) await output.line(verdict(name, counts));
  return counts.damage > 0 ? EXIT.dataError : EXIT.ok;
}

function verdict(name: string, { damage, oddity }: { damage: number; oddity: number }): string {
  const oddities = oddity === 1 ? '1 oddity' : `${oddity} oddities`;
  if (damage > 0) return `${name}: damaged in ${plural(damage, 'place')}, ${oddities}`;
  return oddity > 0 ? `${name}: not damaged, ${oddities}` : `${name}: in order`;
}

/** The database that an operand means; that of the settings without one. @throws {UsageError} */
export function databaseOfOperand(operand: string | undefined, settings: Settings): DatabaseName {
  if (operand === undefined) return databaseOf(settings);
  const parsed = parseDatabase(operand);
  if ('expected' in parsed) throw new UsageError(`"${operand}" is not ${parsed.expected}`);
  return withKindFound(operand, parsed.value);
}

async function* problems(database: DatabaseName, settings: Settings): AsyncGenerator<Problem> {
  const timeoutMs = settings['busy-timeout'] * 1000;
  try {
    if (database.kind === 'spamd') {
      const [{ verifySpamdDb }, { lockOptions }] = await Promise.all([
        import('../store/spamd-db/verify-database.js'),
        import('../daemon/open-spamd-db.js'),
      ]);
      yield* verifySpamdDb(database.path, lockOptions(timeoutMs, database.path));
    } else {
      const { verifySqlite } = await import('../store/sqlite-verify.js');
      yield* verifySqlite(database.path, timeoutMs);
    }
  } catch (error) {
    // Damage that keeps SQLite from opening it, or from checking further.
    if (!(error instanceof StoreError) || error.code !== 'corrupt') throw error;
    yield { severity: 'damage', text: error.message };
  }
}
