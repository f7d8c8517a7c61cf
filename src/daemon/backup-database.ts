// Copies a database to a new file before something is done to it.

import { closeSync, openSync, rmSync } from 'node:fs';
import { type DatabaseName, formatDatabase } from '../options/database.js';
import { databaseOf } from '../options/settings.js';
import type { Settings } from '../options/table.js';
import { backupProblem } from '../store/backup-problem.js';
import { StoreError } from '../store/store.js';

/** Makes the copy if the settings ask for one. @throws {StoreError} */
export async function backupIfWanted(
  settings: Pick<Settings, 'backup' | 'busy-timeout' | 'database'>,
  database: DatabaseName = databaseOf(settings),
): Promise<void> {
  const { backup } = settings;
  if (backup !== undefined) await backupDatabase(database, backup, settings['busy-timeout'] * 1000);
}

/** Copies a database as it is at one moment; the file must not exist, and only its owner may read it. @throws {StoreError} */
async function backupDatabase(database: DatabaseName, to: string, timeoutMs: number): Promise<void> {
  if (database.kind === 'spamd') {
    const [{ backupSpamdDb }, { lockOptions }] = await Promise.all([
      import('../store/spamd-db/backup.js'),
      import('./open-spamd-db.js'),
    ]);
    return backupSpamdDb(database.path, to, lockOptions(timeoutMs, database.path));
  }
  const { openSqlite } = await import('../store/sqlite-open.js');
  const db = openSqlite(database.path, { isReadOnly: true, busyTimeoutMs: timeoutMs });
  try {
    makeFile(to);
    await db.backup(to).catch(cause => {
      rmSync(to);
      const reason = (cause as Error).message;
      throw new StoreError(
        'failed',
        `Cannot copy store "${formatDatabase(database)}" to "${to}": ${reason}`,
        {
          cause,
        },
      );
    });
  } finally {
    db.close();
  }
}

function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (cause) {
    throw backupProblem(path, cause);
  }
}
