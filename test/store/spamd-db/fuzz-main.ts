// `npm run fuzz [SEEDS [FIRST]]`: the fuzz test with as many seeds as one likes.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fuzz } from './fuzz.js';
import { NO_LIBDB1, startLibdb1 } from './libdb1.js';

const seeds = Number(process.argv[2] ?? 10_000);
const first = Number(process.argv[3] ?? 0);

const libdb1 = await startLibdb1();
if (!libdb1) throw new Error(NO_LIBDB1);
const folder = await mkdtemp(join(tmpdir(), 'spamd-db-'));
try {
  for (let seed = first; seed < first + seeds; seed++) await fuzz(seed, join(folder, 'db'), libdb1);
  process.stdout.write(`${seeds} seeds from ${first} on: no difference\n`);
} finally {
  await libdb1.stop();
  await rm(folder, { recursive: true });
}
