// What was refused, counted by reason, and told at most once a minute.

import type { SyncRefusal } from '../wire/sync-message-decode.js';

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
  readonly #counts: Partial<Record<ReceiveRefusal, number>> = {};
  #untold = new Map<ReceiveRefusal, number>();
  #toldAt = Number.NEGATIVE_INFINITY;

  /** By reason; a reason that has not occurred is absent. */
  get counts(): Readonly<Partial<Record<ReceiveRefusal, number>>> {
    return { ...this.#counts };
  }

  /** Counts one; gives a line to log about it and all since the last such line, when the last one was long enough ago. */
  count(reason: ReceiveRefusal, sender: string, now: number): string | undefined {
    this.#counts[reason] = (this.#counts[reason] ?? 0) + 1;
    this.#untold.set(reason, (this.#untold.get(reason) ?? 0) + 1);
    if (now - this.#toldAt < TELL_SECONDS) return undefined;
    this.#toldAt = now;
    const reasons = Array.from(this.#untold, ([one, count]) => `${count} ${TEXTS[one] ?? one}`);
    this.#untold = new Map();
    return `Sync: refused datagrams, the last one of ${sender}: ${reasons.join(', ')}`;
  }
}
