// One socket that sends to one address, or to one group, and notices when nobody is there and when somebody is again.

import type { Socket } from 'node:dgram';
import type { Surroundings } from './surroundings.js';

/** Where a link leads. */
export interface Destination {
  /** The target as the administrator wrote it. */
  readonly target: string;
  /** The address of a host, or the group. */
  readonly address: string;
  readonly port: number;
  /** Where the address is a group. */
  readonly multicast?: { readonly interface: string; readonly ttl: number };
}

/** What is known of a destination. Nobody acknowledges anything: `reachable` is all that has not been refused. */
export type Reachability = 'reachable' | 'unreachable';

/** A link at one moment. Times are seconds since the epoch. */
export interface LinkStatus {
  readonly address: string;
  readonly reachability: Reachability;
  /** Since when it is unreachable. */
  readonly unreachableSince?: number;
  readonly messages: number;
  /** Entries in these messages. */
  readonly entries: number;
  /** Messages not sent because the system would take no more. */
  readonly dropped: number;
  readonly errors: number;
  readonly lastSent?: number;
  /** Code of the last error, `ECONNREFUSED`. */
  readonly lastError?: string;
}

/** Whom a link tells. */
export interface LinkListener {
  /** The destination refuses, or there is no way there. */
  onUnreachable(link: Link, code: string): void;
  /** It is unreachable still, and is about to be asked whether it is back. */
  onProbe(link: Link): void;
  /** It was unreachable, and is not any more. The signal is aborted when that turns out to be over again. */
  onReturn(link: Link, unreachableSeconds: number, signal: AbortSignal): void;
}

const PROBE_MILLISECONDS = 5000;
/** So many probes in a row have to stay without an answer: a single refusal can be lost, or swallowed by a rate limit. */
const QUIET_PROBES = 2;
const CLOSE_MILLISECONDS = 1000;
/** Messages that the system has not taken yet. */
const MAX_PENDING = 64;
/** Errors that say something of this moment, and nothing of the destination. */
const PASSING = new Set(['ENOBUFS', 'ENOMEM', 'EAGAIN', 'EMSGSIZE']);

/**
 * A link. Its socket is connected, so that a refusal (ICMP port unreachable) comes back to it; while it is unreachable,
 * messages go on being sent and a message without entries is added now and then, until two of them go unanswered.
 */
export class Link {
  readonly destination: Destination;
  readonly #surroundings: Surroundings;
  readonly #listener: LinkListener;
  readonly #makeProbe: () => Uint8Array;
  #socket: Socket | undefined;
  #local: { address: string; port: number } | undefined;
  #pending = 0;
  readonly #counts = { messages: 0, entries: 0, dropped: 0, errors: 0 };
  #lastSent: number | undefined;
  #lastError: string | undefined;
  #unreachableSince: number | undefined;
  /** Probes that stayed without an answer; -1 where the last one, or what came before the first, was refused. */
  #quietProbes = -1;
  #cancelProbe: () => void = () => {};
  #return = new AbortController();
  #isClosed = false;
  #onIdle: () => void = () => {};

  constructor(
    destination: Destination,
    surroundings: Surroundings,
    listener: LinkListener,
    makeProbe: () => Uint8Array,
  ) {
    this.destination = destination;
    this.#surroundings = surroundings;
    this.#listener = listener;
    this.#makeProbe = makeProbe;
  }

  get isReachable(): boolean {
    return this.#unreachableSince === undefined;
  }

  /** Whether a datagram from there is one of ours. */
  owns(address: string, port: number): boolean {
    return this.#local?.port === port && this.#local.address === address;
  }

  /** Opens the socket; fulfilled when it can send, or when it turned out that it cannot. */
  async open(): Promise<void> {
    const { address, port, multicast } = this.destination;
    const socket = this.#surroundings.createSocket();
    this.#socket = socket;
    try {
      const from = multicast && this.#interfaceAddress(multicast.interface);
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        if (from === undefined) socket.connect(port, address, resolve);
        else socket.bind(0, from, resolve);
      });
      if (multicast && from !== undefined) {
        socket.setMulticastInterface(from);
        socket.setMulticastTTL(multicast.ttl);
        socket.setMulticastLoopback(false);
      }
    } catch (error) {
      this.#drop(socket);
      this.#fail(error);
      return;
    }
    socket.removeAllListeners('error');
    socket.on('error', error => this.#fail(error));
    // What comes back is nothing to us; reading it keeps the system from storing it.
    socket.on('message', () => {});
    if (this.#isClosed) this.#drop(socket);
    else this.#local = socket.address();
  }

  #interfaceAddress(name: string): string {
    const found = this.#surroundings.interfaceAddresses().find(one => one.interface === name);
    if (found !== undefined) return found.address;
    throw Object.assign(new Error(`No interface "${name}" with an IPv4 address`), { code: 'ENODEV' });
  }

  /** Sends a message of so many entries, without waiting. */
  send(message: Uint8Array, entries: number): void {
    if (this.#socket === undefined || this.#local === undefined || this.#pending >= MAX_PENDING) {
      this.#counts.dropped++;
      return;
    }
    this.#pending++;
    this.#lastSent = this.#surroundings.now();
    this.#counts.messages++;
    this.#counts.entries += entries;
    const onSent = (error: Error | null): void => {
      this.#pending--;
      if (this.#pending === 0) this.#onIdle();
      if (error) this.#fail(error);
    };
    const { address, port, multicast } = this.destination;
    if (multicast === undefined) this.#socket.send(message, onSent);
    else this.#socket.send(message, port, address, onSent);
  }

  status(): LinkStatus {
    return {
      address: this.destination.address,
      reachability: this.isReachable ? 'reachable' : 'unreachable',
      ...(this.#unreachableSince !== undefined && { unreachableSince: this.#unreachableSince }),
      ...this.#counts,
      ...(this.#lastSent !== undefined && { lastSent: this.#lastSent }),
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
    };
  }

  /** Fulfilled when what was sent has left, or has failed to within a second. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelProbe();
    this.#return.abort();
    if (this.#pending > 0) {
      await new Promise<void>(resolve => {
        const cancel = this.#surroundings.schedule(CLOSE_MILLISECONDS, resolve);
        this.#onIdle = () => {
          cancel();
          resolve();
        };
      });
    }
    if (this.#socket !== undefined) this.#drop(this.#socket);
  }

  #fail(error: unknown): void {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    this.#counts.errors++;
    this.#lastError = code;
    if (this.#isClosed || PASSING.has(code)) return;
    this.#quietProbes = -1;
    if (this.#unreachableSince !== undefined) return;
    this.#unreachableSince = this.#surroundings.now();
    this.#return.abort();
    this.#cancelProbe = this.#surroundings.schedule(PROBE_MILLISECONDS, () => void this.#probe());
    this.#listener.onUnreachable(this, code);
  }

  async #probe(): Promise<void> {
    this.#quietProbes++;
    if (this.#quietProbes >= QUIET_PROBES) {
      this.#comeBack();
      return;
    }
    this.#listener.onProbe(this);
    // A refusal proves the way there; after any other error the address we send from may be the wrong one by now.
    if (this.#lastError !== 'ECONNREFUSED' || this.#local === undefined) {
      if (this.#socket !== undefined) this.#drop(this.#socket);
      await this.open();
    }
    if (this.#isClosed) return;
    if (this.#local !== undefined) this.send(this.#makeProbe(), 0);
    this.#cancelProbe = this.#surroundings.schedule(PROBE_MILLISECONDS, () => void this.#probe());
  }

  #comeBack(): void {
    const seconds = this.#surroundings.now() - (this.#unreachableSince ?? 0);
    this.#unreachableSince = undefined;
    this.#return = new AbortController();
    this.#listener.onReturn(this, seconds, this.#return.signal);
  }

  #drop(socket: Socket): void {
    socket.removeAllListeners('error');
    socket.on('error', () => {});
    socket.close();
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#local = undefined;
  }
}
