// A clock that stands still until a test moves it.

import type { KeeperClock } from '../../src/table/keeper-clock.js';

/** Turns of the event loop that let everything that needs no timer come to rest. */
const TURNS = 50;

/** Lets whatever is under way and waits for no timer come to its end. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise(resolve => setImmediate(resolve));
}

/** Time and timers by hand. */
export class FakeClock implements KeeperClock {
  #now = 1_700_000_000;
  readonly #timers = new Map<symbol, { at: number; callback: () => void }>();

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, milliseconds: number): symbol {
    const timer = Symbol();
    this.#timers.set(timer, { at: this.#now + milliseconds / 1000, callback });
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as symbol);
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves on, running each timer when its time has come. */
  async advance(seconds: number): Promise<void> {
    const end = this.#now + seconds;
    for (;;) {
      await settle();
      const [due] = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
      if (due === undefined) break;
      const [timer, { at, callback }] = due;
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, at);
      callback();
    }
    this.#now = end;
  }
}
