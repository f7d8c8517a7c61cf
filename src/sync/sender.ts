// Tells peers of the addresses we have seen: SyncSender.

import { formatIpv4, isIpv4Words, parseAddress } from '../address/address.js';
import type { SyncAddressEntry } from '../wire/sync-message.js';
import { encodeSyncMessage } from '../wire/sync-message-encode.js';
import { SYNC_MAX_ADDRESSES } from '../wire/sync-message-layout.js';
import { announcementRules } from './announcement.js';
import { Destinations, type TargetStatus } from './destinations.js';
import { Ledger } from './ledger.js';
import type { Destination, Link } from './link.js';
import { type PushOptions, type PushResult, pushEntries, type WhiteEntry } from './push.js';
import { REAL_SURROUNDINGS, type Surroundings, type SyncLog } from './surroundings.js';
import type { SyncTarget } from './target.js';

/** An address that a flush has stored. */
export interface StoredSighting extends WhiteEntry {
  /** Whether there was no living entry of it before. */
  readonly isNew: boolean;
}

/** What a sender is made of. */
export interface SyncSenderOptions {
  readonly targets: readonly SyncTarget[];
  readonly key: Uint8Array;
  readonly port: number;
  readonly group: string;
  readonly whiteexpSeconds: number;
  readonly log: SyncLog;
  /**
   * Which of these addresses are white in the database now, and until when. Asked before an address is said again
   * without having been seen: it may have been deleted or trapped meanwhile, and a WHITE message lifts the traps of a
   * real spamd.
   */
  confirm(addresses: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** A destination that had been unreachable is back: time for a {@link SyncSender.push} to its address. */
  onReturn?(destination: Destination, signal: AbortSignal): void;
  /** Addresses a second that are said again or pushed, at most; 250 unless given. */
  readonly ratePerSecond?: number;
  /** Of how many addresses it is remembered what peers were told; half a million unless given, about 300 bytes each. */
  readonly rememberedAddresses?: number;
  readonly surroundings?: Surroundings;
}

/** A sender at one moment. */
export interface SyncSenderStatus {
  readonly targets: readonly TargetStatus[];
  /** Messages made, each of which goes to all targets but for those of a push. */
  readonly messages: number;
  /** IPv6 addresses that were not sent. */
  readonly ipv6Skipped: number;
  /** Addresses of which it is remembered what peers were told. */
  readonly remembered: number;
  /** Addresses of which that was forgotten because there were too many. */
  readonly forgotten: number;
}

/** Addresses that one flush sends at once, sixteen messages; the rest follows at the ordinary rate. */
const BURST_ADDRESSES = 16 * SYNC_MAX_ADDRESSES;
const SHORTEST_TICK_SECONDS = 1;
const LONGEST_TICK_SECONDS = 60;
/** When something is said that the database could not be asked for. */
const POSTPONE_SECONDS = 60;

/** Sends WHITE messages to all targets, by the rule of `Announcement`. Never waits for anybody, never throws. */
export class SyncSender {
  readonly #options: SyncSenderOptions;
  readonly #surroundings: Surroundings;
  readonly #rate: number;
  readonly #destinations: Destinations;
  readonly #ledger: Ledger;
  readonly #closing = new AbortController();
  #counter = 0;
  #messages = 0;
  #ipv6Skipped = 0;
  #cancelTick: () => void = () => {};
  #isTicking = false;

  constructor(options: SyncSenderOptions) {
    this.#options = options;
    this.#surroundings = options.surroundings ?? REAL_SURROUNDINGS;
    this.#rate = options.ratePerSecond ?? 250;
    this.#ledger = new Ledger(
      announcementRules(options.whiteexpSeconds),
      options.rememberedAddresses ?? 500_000,
    );
    this.#destinations = new Destinations({
      ...options,
      surroundings: this.#surroundings,
      makeProbe: () => this.#makeMessage([]),
      onReturn: (destination, signal) => options.onReturn?.(destination, signal),
    });
  }

  /** Opens the sockets; fulfilled when each can send, or turned out not to, which is logged and tried again. */
  async start(): Promise<void> {
    await this.#destinations.open();
    this.#arm();
  }

  /** Says what a flush has stored: all that is due in as few messages as can be. */
  announce(sightings: Iterable<StoredSighting>): void {
    const now = this.#surroundings.now();
    const due = new Set<number>();
    for (const { address, expire, isNew } of sightings) {
      const word = this.#ipv4Word(address);
      if (word === undefined || expire <= now) continue;
      if (this.#ledger.note(word, expire, isNew, now) && due.size < BURST_ADDRESSES) due.add(word);
    }
    this.#say(due);
    this.#arm();
  }

  /**
   * Takes over entries that we had told peers of before we started. Only those of our own sightings: what peers told us
   * is theirs to repeat.
   */
  async adopt(entries: AsyncIterable<WhiteEntry> | Iterable<WhiteEntry>): Promise<void> {
    for await (const { address, expire } of entries) {
      const now = this.#surroundings.now();
      const word = this.#ipv4Word(address);
      if (word !== undefined && expire > now)
        this.#ledger.adopt(word, expire, now, this.#surroundings.random());
      if (this.#closing.signal.aborted) return;
    }
    this.#arm();
  }

  /** Sends entries whether peers know of them or not, at a bounded rate: to a peer that was down, or is new. */
  push(
    entries: AsyncIterable<WhiteEntry> | Iterable<WhiteEntry>,
    options: PushOptions = {},
  ): Promise<PushResult> {
    const signals = [this.#closing.signal, ...(options.signal ? [options.signal] : [])];
    return pushEntries(entries, {
      ...options,
      ratePerSecond: options.ratePerSecond ?? this.#rate,
      signal: AbortSignal.any(signals),
      surroundings: this.#surroundings,
      links: () => this.#destinations.links(options.to && new Set(options.to)),
      ipv4Word: address => this.#ipv4Word(address),
      expiresToSay: (word, expire) => {
        const told = this.#ledger.recall(word)[0] ?? expire;
        return told < expire ? [told, expire] : [expire];
      },
      send: (said, links) => this.#send(said, links),
    });
  }

  /** Goes on with another life of a white entry; what was planned before stays so. */
  use(whiteexpSeconds: number): void {
    this.#ledger.use(announcementRules(whiteexpSeconds));
  }

  /** Whether a datagram from that address and port is one of this sender's own. */
  owns(address: string, port: number): boolean {
    return this.#destinations.links().some(link => link.owns(address, port));
  }

  status(): SyncSenderStatus {
    return {
      targets: this.#destinations.status(),
      messages: this.#messages,
      ipv6Skipped: this.#ipv6Skipped,
      remembered: this.#ledger.size,
      forgotten: this.#ledger.forgotten,
    };
  }

  /** Ends pushes, and closes the sockets when what was sent has left. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancelTick();
    await this.#destinations.close();
  }

  #ipv4Word(address: string): number | undefined {
    const words = parseAddress(address);
    if (words === undefined) return undefined;
    if (isIpv4Words(words[0], words[1], words[2])) return words[3];
    if (this.#ipv6Skipped === 0) {
      this.#options.log.info('Sync: IPv6 addresses are not sent, the protocol has no room for them');
    }
    this.#ipv6Skipped++;
    return undefined;
  }

  #say(addresses: Iterable<number>): void {
    const now = this.#surroundings.now();
    const said: [address: number, expire: number][] = [];
    for (const address of addresses) {
      for (const expire of this.#ledger.say(address, now)) said.push([address, expire]);
    }
    const links = this.#destinations.links();
    for (let at = 0; at < said.length; at += SYNC_MAX_ADDRESSES) {
      this.#send(said.slice(at, at + SYNC_MAX_ADDRESSES), links);
    }
  }

  #send(said: readonly (readonly [address: number, expire: number])[], links: readonly Link[]): void {
    const timestamp = this.#surroundings.now();
    const message = this.#makeMessage(
      said.map(([address, expire]) => ({ kind: 'white', timestamp, expire, address })),
    );
    for (const link of links) link.send(message, said.length);
  }

  #makeMessage(entries: readonly SyncAddressEntry[]): Buffer {
    const counter = this.#counter;
    this.#counter = (counter + 1) >>> 0;
    if (entries.length > 0) this.#messages++;
    return encodeSyncMessage({ counter, entries }, this.#options.key);
  }

  #arm(): void {
    if (this.#isTicking || this.#closing.signal.aborted) return;
    this.#cancelTick();
    const wait = this.#ledger.nextWake - this.#surroundings.now();
    const seconds = Math.min(Math.max(wait, SHORTEST_TICK_SECONDS), LONGEST_TICK_SECONDS);
    this.#cancelTick = this.#surroundings.schedule(seconds * 1000, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    this.#isTicking = true;
    const now = this.#surroundings.now();
    const due = this.#ledger.takeDue(now, this.#rate);
    try {
      if (due.length > 0) await this.#sayConfirmed(due);
    } catch (error) {
      for (const address of due) this.#ledger.postpone(address, now + POSTPONE_SECONDS);
      this.#options.log.warn(`Sync: ${due.length} addresses are said later: ${(error as Error).message}`);
    }
    this.#isTicking = false;
    this.#arm();
  }

  async #sayConfirmed(due: readonly number[]): Promise<void> {
    const expires = await this.#options.confirm(due.map(formatIpv4));
    if (this.#closing.signal.aborted) return;
    for (const address of due) this.#ledger.correct(address, expires.get(formatIpv4(address)));
    this.#say(due);
  }
}
