// What the log is told of a table: each trouble and each drift once when it begins and once when it is over.

/** The least of a logger; pino's is one. */
export interface KeeperLog {
  info(message: string): void;
  warn(message: string): void;
}

const FIRST_DELAY_SECONDS = 1;
const LAST_DELAY_SECONDS = 60;

/** A firewall that fails: logs when that begins, changes and ends, and says how long to wait before trying again. */
export class TroubleReport {
  readonly #name: string;
  readonly #log: KeeperLog;
  #attempts = 0;
  #since = 0;
  #message = '';

  constructor(name: string, log: KeeperLog) {
    this.#name = name;
    this.#log = log;
  }

  /** The error as long as there is trouble. */
  get message(): string | undefined {
    return this.#attempts > 0 ? this.#message : undefined;
  }

  /** Notes a failure at `now`, in seconds; gives the seconds to wait, twice as many each time up to a minute. */
  begin(message: string, now: number): number {
    if (this.#attempts === 0) this.#since = now;
    if (message !== this.#message) this.#log.warn(`${message}; trying again until it works`);
    this.#message = message;
    this.#attempts += 1;
    return Math.min(FIRST_DELAY_SECONDS * 2 ** (this.#attempts - 1), LAST_DELAY_SECONDS);
  }

  /** Notes that all is well at `now`, in seconds. */
  end(now: number): void {
    if (this.#attempts > 0) {
      const seconds = Math.round(now - this.#since);
      this.#log.info(`${this.#name} works again after ${seconds} s and ${this.#attempts} failed attempts`);
    }
    this.#attempts = 0;
    this.#message = '';
  }
}

/** Entries that were not as we had left them. */
export interface Drift {
  /** Entries of ours that were gone. */
  readonly lost: number;
  /** Entries of others in a table that is ours alone. */
  readonly foreign: number;
}

/** A table that others change: logs when that begins, and what it came to when it ends. */
export class DriftReport {
  readonly #name: string;
  readonly #log: KeeperLog;
  #looks = 0;
  #lost = 0;
  #foreign = 0;

  constructor(name: string, log: KeeperLog) {
    this.#name = name;
    this.#log = log;
  }

  /** Notes what one look at the table found, and that it was repaired. */
  note({ lost, foreign }: Drift): void {
    if (lost + foreign === 0) {
      this.#end();
      return;
    }
    if (this.#looks === 0) {
      this.#log.warn(`${this.#name} had drifted: ${lost} of our entries gone, ${foreign} foreign; repaired`);
    }
    this.#looks += 1;
    this.#lost += lost;
    this.#foreign += foreign;
  }

  #end(): void {
    if (this.#looks > 1) {
      const sums = `${this.#lost} entries gone and ${this.#foreign} foreign`;
      this.#log.info(`${this.#name} drifts no more: ${sums} in ${this.#looks} looks, all repaired`);
    }
    this.#looks = this.#lost = this.#foreign = 0;
  }
}
