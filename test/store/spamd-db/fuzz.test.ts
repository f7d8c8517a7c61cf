import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fuzz } from './fuzz.js';
import { NO_LIBDB1, startLibdb1 } from './libdb1.js';

const SEEDS = 300;

test(`a file changed by us and by libdb1-compat in turns stays the same for both, ${SEEDS} times`, async t => {
  const libdb1 = await startLibdb1();
  if (!libdb1) return t.skip(NO_LIBDB1);
  const folder = await mkdtemp(join(tmpdir(), 'spamd-db-'));
  try {
    for (let seed = 0; seed < SEEDS; seed++) await fuzz(seed, join(folder, 'db'), libdb1);
  } finally {
    await libdb1.stop();
    await rm(folder, { recursive: true });
  }
});
