// Whether there is a database, or is one to be made.

import { existsSync, statSync } from 'node:fs';

/** Whether there is something at a path, and not a file without bytes, which whoever opens it makes a database. */
export function isMade(path: string): boolean {
  if (!existsSync(path)) return false;
  const stats = statSync(path);
  return !stats.isFile() || stats.size > 0;
}
