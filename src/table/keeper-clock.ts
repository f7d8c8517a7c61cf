// The time and timers as a keeper uses them, so that a test can bring its own.

/** The time, and timers. */
export interface KeeperClock {
  /** Seconds since the epoch. */
  now(): number;
  setTimeout(callback: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** The machine's own clock. */
export const SYSTEM_CLOCK: KeeperClock = {
  now: () => Date.now() / 1000,
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout),
};
