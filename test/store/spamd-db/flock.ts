// flock(2) without native code: flock(1) locks a descriptor that it shares with us, and the lock outlives it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { FileLock } from '../../../src/store/spamd-db/locked-file.js';

/** Exit status of `flock -n` when another has the lock. */
const IS_LOCKED = 1;

const lockByChild: FileLock = async fd => {
  const child = spawn('flock', ['-n', '-x', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0 && code !== IS_LOCKED) throw new Error(`flock exited with ${code}`);
  return code === 0;
};

/** A {@link FileLock} for tests; none where open(2) locks, as on the BSDs and macOS. */
export const flock: FileLock | undefined = process.platform === 'linux' ? lockByChild : undefined;
