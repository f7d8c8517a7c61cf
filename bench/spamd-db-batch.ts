// Refreshes addresses in a database of spamd's, a batch whenever it is asked to, and answers how long that took: the
// process that bench/spamd-db.ts measures. As the daemon's engine it starts no program meanwhile.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { LOCK, loadAddon } from '../src/native/addon.js';
import type { FileLock } from '../src/store/spamd-db/locked-file.js';
import { openSpamdDb, type SpamdDbStore } from '../src/store/spamd-db/spamd-db-store.js';
import { batchOf, NOW, WHITEEXP } from '../test/store/spamd-db/helpers.js';

/** What one batch took, in seconds. */
export interface BatchTimes {
  /** From when the lock was had until another program had it. */
  readonly locked: number;
  /** From the call until another program had the lock: all that the loop does, and the preparations. */
  readonly written: number;
  /** From the call until the promise was fulfilled, with an fsync(2). */
  readonly durable: number;
}

/** A lock that remembers when it was had, and then lets a program wait for the next turn. */
class WatchedLock {
  readonly #waiter: ChildProcessByStdio<Writable, Readable, null>;
  readonly #addon = loadAddon('the bench of spamd-db');
  #had = 0;
  #isTimed = false;

  constructor(loop: string, path: string) {
    this.#waiter = spawn(loop, ['wait', path], { stdio: ['pipe', 'pipe', 'inherit'] });
  }

  readonly lock: FileLock = fd => {
    if (!this.#addon.tryFlock(fd, LOCK.exclusive)) return false;
    this.#had = monotonicSeconds();
    if (this.#isTimed) this.#waiter.stdin.write('\n');
    this.#isTimed = false;
    return true;
  };

  async time(store: SpamdDbStore, addresses: readonly string[]): Promise<BatchTimes> {
    const next = once(this.#waiter.stdout, 'data');
    const batch = batchOf(addresses, NOW + 600);
    this.#isTimed = true;
    const begin = monotonicSeconds();
    await store.applyBatch(batch, WHITEEXP);
    const durable = monotonicSeconds() - begin;
    const given = Number((await next)[0]);
    return { locked: given - this.#had, written: given - begin, durable };
  }

  close(): void {
    this.#waiter.stdin.end();
  }
}

/** The clock that programs in C have as CLOCK_MONOTONIC. */
function monotonicSeconds(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}

const [loop = '', path = ''] = process.argv.slice(2);
const watched = new WatchedLock(loop, path);
const store = await openSpamdDb({ path, lock: watched.lock });
process.on('message', async (addresses: readonly string[]) => {
  process.send!(await watched.time(store, addresses));
});
process.on('disconnect', () => {
  watched.close();
  void store.close();
});
