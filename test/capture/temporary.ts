// A folder for the files of a test, gone after it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Makes an empty folder that is removed when the test ends. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'spamlogd-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file into a new temporary folder; gives its path. */
export function temporaryFile(t: TestContext, bytes: Uint8Array | string, name = 'pflog'): string {
  const path = join(temporaryFolder(t), name);
  writeFileSync(path, bytes);
  return path;
}
