// Hears what peers say of addresses: SyncReceiver.

import type { RemoteInfo } from 'node:dgram';
import type { SyncMessage } from '../wire/sync-message.js';
import { decodeSyncMessage, refuseSyncHeader } from '../wire/sync-message-decode.js';
import { HEADER, HMAC_BYTES } from '../wire/sync-message-layout.js';
import { Delivery } from './delivery.js';
import { ListeningSocket, type ListeningStatus } from './listening-socket.js';
import { type PeerAccount, type PeerStatus, Peers, type SyncPeer } from './peers.js';
import { type ReceivedEntry, receiveEntry } from './received-entry.js';
import { type ReceiveRefusal, Refusals } from './refusals.js';
import { SeenMessages, type SeenRecord } from './seen-messages.js';
import type { ListenText } from './settings.js';
import { REAL_SURROUNDINGS, type Surroundings, type SyncLog } from './surroundings.js';

/** What a receiver is made of. */
export interface SyncReceiverOptions {
  readonly listen: ListenText;
  readonly port: number;
  /** The group that is joined on an interface. */
  readonly group: string;
  readonly peers: readonly SyncPeer[];
  readonly key: Uint8Array;
  /** How far a message's time may be from ours. */
  readonly windowSeconds: number;
  readonly whiteexpSeconds: number;
  readonly log: SyncLog;
  /** Takes what was accepted, in order; is not called again before it has finished. */
  deliver(entries: readonly ReceivedEntry[]): Promise<void> | void;
  /** Whether a datagram is one of our own that came back: `owns` of our sender. */
  owns?(address: string, port: number): boolean;
  /** Whether an address, as one word, cannot become white: it is in a network of `--ignore`. */
  isIgnored?(address: number): boolean;
  /** Entries that wait for delivery, at most; 10,000 unless given. */
  readonly maxQueued?: number;
  /** Messages remembered so that they are not accepted twice, at most; 131,072 unless given, about 100 bytes each. */
  readonly maxRemembered?: number;
  /** Where they are remembered beyond a restart. */
  readonly seenRecord?: SeenRecord;
  readonly surroundings?: Surroundings;
}

/** A receiver at one moment. */
export interface SyncReceiverStatus {
  readonly listening: ListeningStatus;
  readonly peers: readonly PeerStatus[];
  /** Datagrams of addresses that are no peers', by reason. */
  readonly strangers: Readonly<Partial<Record<ReceiveRefusal, number>>>;
  /** Datagrams of this machine itself, passed over. */
  readonly own: number;
  /** Entries whose expire was cut to what one of our own could have. */
  readonly capped: number;
  /** Entries that wait for delivery. */
  readonly queued: number;
  /** Entries that were lost because delivery failed. */
  readonly lost: number;
}

const LOCAL_SECONDS = 60;

/**
 * Receives on UDP. A datagram is looked at in the order of what it costs: its header, its sender, its HMAC, its entries,
 * its time, and whether it was here before; so a forged one costs an HMAC at most, and only if it names a peer's address.
 */
export class SyncReceiver {
  readonly #options: SyncReceiverOptions;
  readonly #surroundings: Surroundings;
  readonly #socket: ListeningSocket;
  readonly #peers: Peers;
  readonly #strangers: Refusals;
  readonly #seen: SeenMessages;
  readonly #delivery: Delivery<ReceivedEntry>;
  #whiteexpSeconds: number;
  #own = 0;
  #capped = 0;
  #local: ReadonlySet<string> = new Set();
  #localUntil = Number.NEGATIVE_INFINITY;

  constructor(options: SyncReceiverOptions) {
    this.#options = options;
    this.#whiteexpSeconds = options.whiteexpSeconds;
    this.#surroundings = options.surroundings ?? REAL_SURROUNDINGS;
    this.#strangers = new Refusals(this.#surroundings, options.log);
    this.#seen = new SeenMessages(
      options.windowSeconds,
      options.maxRemembered ?? 131_072,
      options.seenRecord,
    );
    this.#delivery = new Delivery(
      options.maxQueued ?? 10_000,
      entries => options.deliver(entries),
      error => {
        options.log.warn(`Sync: entries of peers are lost until it works: ${(error as Error).message}`);
      },
    );
    this.#peers = new Peers(options.peers, this.#surroundings, options.log);
    this.#socket = new ListeningSocket(options, this.#surroundings, (bytes, from) => this.#hear(bytes, from));
  }

  /** Goes on with another life of a white entry. */
  use(whiteexpSeconds: number): void {
    this.#whiteexpSeconds = whiteexpSeconds;
  }

  /**
   * Starts to listen.
   *
   * @throws {Error} when the port is taken, or the interface is not there.
   */
  async start(): Promise<void> {
    this.#seen.restore(this.#surroundings.now());
    await this.#socket.open();
  }

  status(): SyncReceiverStatus {
    return {
      listening: this.#socket.status(),
      peers: this.#peers.accounts.map(account => account.status()),
      strangers: this.#strangers.counts,
      own: this.#own,
      capped: this.#capped,
      queued: this.#delivery.length,
      lost: this.#delivery.lost,
    };
  }

  /** Stops listening. What was accepted is delivered still. */
  async close(): Promise<void> {
    this.#peers.close();
    this.#strangers.close();
    await this.#socket.close();
    await this.#seen.close();
  }

  #hear(bytes: Buffer, { address, port }: RemoteInfo): void {
    if (this.#options.owns?.(address, port)) {
      this.#own++;
      return;
    }
    const now = this.#surroundings.now();
    const peer = this.#peers.find(address);
    const refusal = refuseSyncHeader(bytes) ?? (peer ? undefined : 'stranger');
    if (peer === undefined || refusal !== undefined) {
      this.#turnAway(peer, refusal ?? 'stranger', address, now);
      return;
    }
    const message = decodeSyncMessage(bytes, this.#options.key);
    if (typeof message === 'string') {
      peer.refusals.count(message, address);
      return;
    }
    // A message without entries only asks whether we are here.
    if (message.entries.length === 0) return;
    const reason = this.#refusal(message, bytes, now);
    if (reason === undefined) this.#accept(message, peer, address, now);
    else peer.refusals.count(reason, address);
  }

  /** What is said against a message of the right HMAC. */
  #refusal({ entries }: SyncMessage, bytes: Buffer, now: number): ReceiveRefusal | undefined {
    const { windowSeconds } = this.#options;
    let newest = 0;
    for (const { timestamp } of entries) {
      if (Math.abs(now - timestamp) > windowSeconds) return 'wrong-time';
      newest = Math.max(newest, timestamp);
    }
    if (!this.#delivery.hasRoomFor(entries.length)) return 'no-room';
    const hmac = bytes.toString('latin1', HEADER.hmac, HEADER.hmac + HMAC_BYTES);
    const recollection = this.#seen.see(hmac, newest, now);
    if (recollection === 'unseen') return undefined;
    return recollection === 'seen' ? 'duplicate' : 'forgotten';
  }

  #accept({ entries }: SyncMessage, peer: PeerAccount, address: string, now: number): void {
    const newest = entries.reduce((latest, { timestamp }) => Math.max(latest, timestamp), 0);
    peer.messages++;
    peer.lastHeard = { time: now, address, lagSeconds: Math.floor(now) - newest };
    const latestExpire = Math.floor(now) + this.#whiteexpSeconds;
    const isIgnored = (word: number): boolean => this.#options.isIgnored?.(word) ?? false;
    const received: ReceivedEntry[] = [];
    for (const entry of entries) {
      const one = receiveEntry(entry, peer.text, now, latestExpire, isIgnored);
      if (typeof one === 'string') {
        peer.skipped[one]++;
        continue;
      }
      if (entry.kind !== 'grey' && entry.expire > one.expire) this.#capped++;
      received.push(one);
    }
    peer.entries += received.length;
    this.#delivery.add(received);
  }

  #turnAway(peer: PeerAccount | undefined, reason: ReceiveRefusal, address: string, now: number): void {
    if (peer !== undefined) {
      peer.refusals.count(reason, address);
    } else if (this.#isLocal(address, now)) {
      this.#own++;
    } else {
      this.#peers.refresh();
      this.#strangers.count(reason, address);
    }
  }

  /** Whether the address is one of this machine's: a spamd beside us multicasts, too. */
  #isLocal(address: string, now: number): boolean {
    if (now >= this.#localUntil) {
      this.#local = new Set(this.#surroundings.interfaceAddresses().map(one => one.address));
      this.#localUntil = now + LOCAL_SECONDS;
    }
    return this.#local.has(address);
  }
}
