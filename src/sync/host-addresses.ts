// The addresses of a host by its name, asked for again each day, and at once when they do not answer.

import type { Surroundings, SyncLog } from './surroundings.js';

const AGAIN_MILLISECONDS = 86_400_000;
const SHORTEST_RETRY_MILLISECONDS = 30_000;
const LONGEST_RETRY_MILLISECONDS = 3_600_000;

/** What a name resolves to; where it does not for a while, what it resolved to before. */
export class HostAddresses {
  readonly #host: string;
  readonly #surroundings: Surroundings;
  readonly #log: SyncLog;
  readonly #onChange: (addresses: readonly string[]) => void;
  readonly #onUnknown: ((code: string) => void) | undefined;
  #addresses: readonly string[];
  #retryMilliseconds = SHORTEST_RETRY_MILLISECONDS;
  #askedAt = Number.NEGATIVE_INFINITY;
  #isAsking = false;
  #isUnknownTold = false;
  #isClosed = false;
  #cancel: () => void = () => {};

  /**
   * @param addresses what the name is known to resolve to; where there are none, it is asked for at once
   * @param onUnknown called where it has never been resolved, and there is no such host; logged as any failure unless given
   */
  constructor(
    host: string,
    addresses: readonly string[],
    surroundings: Surroundings,
    log: SyncLog,
    onChange: (addresses: readonly string[]) => void,
    onUnknown?: (code: string) => void,
  ) {
    this.#host = host;
    this.#addresses = addresses;
    this.#surroundings = surroundings;
    this.#log = log;
    this.#onChange = onChange;
    this.#onUnknown = onUnknown;
    if (addresses.length === 0) void this.#ask();
    else this.#askIn(this.#daily());
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** Asks again because an address does not answer: now, but not more often than twice a minute. */
  refresh(): void {
    const waited = (this.#surroundings.now() - this.#askedAt) * 1000;
    if (waited >= SHORTEST_RETRY_MILLISECONDS) void this.#ask();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#askedAt = this.#surroundings.now();
    this.#cancel();
    let failure: string | undefined;
    let found: readonly string[] = [];
    try {
      found = [...(await this.#surroundings.lookup(this.#host))].sort();
      if (found.length === 0) failure = 'no IPv4 address';
    } catch (error) {
      failure = (error as NodeJS.ErrnoException).code ?? String(error);
    }
    this.#isAsking = false;
    if (this.#isClosed) return;
    if (failure === undefined) this.#succeed(found);
    else this.#fail(failure);
  }

  #succeed(found: readonly string[]): void {
    this.#retryMilliseconds = SHORTEST_RETRY_MILLISECONDS;
    this.#askIn(this.#daily());
    if (found.join() === [...this.#addresses].sort().join()) return;
    this.#addresses = found;
    this.#log.info(`Sync: "${this.#host}" has the addresses ${found.join(', ')}`);
    this.#onChange(found);
  }

  #fail(failure: string): void {
    const isUnknown = this.#onUnknown && this.#addresses.length === 0 && failure !== 'EAI_AGAIN';
    if (isUnknown && !this.#isUnknownTold) this.#onUnknown(failure);
    else if (!isUnknown && this.#retryMilliseconds === SHORTEST_RETRY_MILLISECONDS) this.#warn(failure);
    this.#isUnknownTold ||= isUnknown === true;
    this.#askIn(this.#retryMilliseconds);
    this.#retryMilliseconds = Math.min(2 * this.#retryMilliseconds, LONGEST_RETRY_MILLISECONDS);
  }

  #warn(failure: string): void {
    const kept = this.#addresses.length > 0 ? `, ${this.#addresses.join(', ')} stays in use` : '';
    this.#log.warn(`Sync: cannot resolve "${this.#host}" (${failure})${kept}`);
  }

  /** A day, give or take, so that a fleet does not ask all at once. */
  #daily(): number {
    return AGAIN_MILLISECONDS * (0.9 + 0.2 * this.#surroundings.random());
  }

  #askIn(milliseconds: number): void {
    this.#cancel = this.#surroundings.schedule(milliseconds, () => void this.#ask());
  }
}
