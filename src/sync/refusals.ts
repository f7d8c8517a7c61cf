// What was refused, counted by reason, and told at most once a minute.

import type { SyncRefusal } from '../wire/sync-message-decode.js';
import type { Surroundings, SyncLog } from './surroundings.js';

/**
 * Why a datagram was not accepted: it is no message; its sender is no peer; its time is further from ours than the
 * window allows; it was accepted before, or that is not known any more; or there is no room for more entries.
 */
export type ReceiveRefusal = SyncRefusal | 'stranger' | 'wrong-time' | 'duplicate' | 'forgotten' | 'no-room';

const TEXTS: Readonly<Partial<Record<ReceiveRefusal, string>>> = {
  'wrong-hmac': 'wrong HMAC (another key?)',
  'wrong-time': 'wrong time (clocks differ?)',
  stranger: 'not of a peer',
  duplicate: 'sent before',
};

const TELL_SECONDS = 60;

/** The refusals of one peer, or of all strangers. */
export class Refusals {
  readonly #surroundings: Pick<Surroundings, 'now' | 'schedule'>;
  readonly #log: SyncLog;
  readonly #counts: Partial<Record<ReceiveRefusal, number>> = {};
  #untold = new Map<ReceiveRefusal, number>();
  #lastSender = '';
  #toldAt = Number.NEGATIVE_INFINITY;
  #cancelTelling: (() => void) | undefined;

  constructor(surroundings: Pick<Surroundings, 'now' | 'schedule'>, log: SyncLog) {
    this.#surroundings = surroundings;
    this.#log = log;
  }

  /** By reason; a reason that has not occurred is absent. */
  get counts(): Readonly<Partial<Record<ReceiveRefusal, number>>> {
    return { ...this.#counts };
  }

  /** Counts one, and logs it: at once, or where that was done within the last minute, when it is over. */
  count(reason: ReceiveRefusal, sender: string): void {
    this.#counts[reason] = (this.#counts[reason] ?? 0) + 1;
    this.#untold.set(reason, (this.#untold.get(reason) ?? 0) + 1);
    this.#lastSender = sender;
    const wait = this.#toldAt + TELL_SECONDS - this.#surroundings.now();
    if (wait <= 0) this.#tell();
    else this.#cancelTelling ??= this.#tellIn(Math.min(wait, TELL_SECONDS));
  }

  /** Logs what was not logged yet. */
  close(): void {
    if (this.#untold.size > 0) this.#tell();
  }

  #tellIn(seconds: number): () => void {
    return this.#surroundings.schedule(1000 * seconds, () => this.#tell());
  }

  #tell(): void {
    this.#cancelTelling?.();
    this.#cancelTelling = undefined;
    this.#toldAt = this.#surroundings.now();
    const reasons = Array.from(this.#untold, ([one, count]) => `${count} ${TEXTS[one] ?? one}`);
    this.#untold = new Map();
    this.#log.warn(`Sync: refused datagrams, the last one of ${this.#lastSender}: ${reasons.join(', ')}`);
  }
}
