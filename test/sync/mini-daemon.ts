// A whitelist in memory with a sender and a receiver: what the daemon does with them, in a few lines.

import type { ReceivedEntry } from '../../src/sync/received-entry.js';
import { SyncReceiver, type SyncReceiverOptions } from '../../src/sync/receiver.js';
import { SyncSender, type SyncSenderOptions } from '../../src/sync/sender.js';
import { applySync, type SyncOutcome } from '../../src/whitelist/apply-sync.js';
import {
  applySightings,
  type Entry,
  entryStatus,
  firstSighting,
  TRAPEXP_SECONDS,
  trapByHand,
} from '../../src/whitelist/entry.js';

/** What it is made of: the options of both, but for what is the daemon's. */
export type MiniDaemonOptions = Omit<SyncSenderOptions, 'confirm' | 'onReturn'> &
  Omit<SyncReceiverOptions, 'deliver' | 'owns'> & {
    /** Called with what became of each entry that a peer sent. */
    onReceived?(entry: ReceivedEntry, outcome: SyncOutcome): void;
    now(): number;
  };

/** A daemon whose packets, database and table are in the hands of a test. */
export class MiniDaemon {
  readonly entries: Map<string, Entry> = new Map();
  readonly sender: SyncSender;
  readonly receiver: SyncReceiver;
  readonly #options: MiniDaemonOptions;

  constructor(options: MiniDaemonOptions) {
    this.#options = options;
    this.sender = new SyncSender({
      ...options,
      confirm: async addresses => {
        const now = options.now();
        const white = addresses.filter(address => this.#isWhite(address, now));
        return new Map(white.map(address => [address, this.entries.get(address)!.expire]));
      },
      onReturn: ({ address }, signal) => {
        const entries = Array.from(this.entries, ([one, { expire }]) => ({ address: one, expire }));
        void this.sender.push(
          entries.filter(one => this.#isWhite(one.address, options.now())),
          { to: [address], signal },
        );
      },
    });
    this.receiver = new SyncReceiver({
      ...options,
      owns: (address, port) => this.sender.owns(address, port),
      deliver: entries => this.#receive(entries),
    });
  }

  async start(): Promise<void> {
    await this.receiver.start();
    await this.sender.start();
  }

  async close(): Promise<void> {
    await Promise.all([this.sender.close(), this.receiver.close()]);
  }

  /** What the firewall's table holds. */
  get table(): string[] {
    const now = this.#options.now();
    return [...this.entries.keys()].filter(address => this.#isWhite(address, now)).sort();
  }

  /** Sees addresses in one flush. */
  see(addresses: readonly string[]): void {
    const now = Math.floor(this.#options.now());
    const stored = addresses.map(address => {
      const { entry, outcome } = applySightings(
        this.entries.get(address),
        firstSighting(now),
        this.#options.whiteexpSeconds,
      );
      this.entries.set(address, entry);
      return { address, expire: entry.expire, outcome };
    });
    this.sender.announce(
      stored
        .filter(({ outcome }) => outcome !== 'trapped')
        .map(({ address, expire, outcome }) => ({ address, expire, isNew: outcome === 'added' })),
    );
  }

  trap(address: string): void {
    const now = Math.floor(this.#options.now());
    this.entries.set(address, trapByHand(this.entries.get(address), now, TRAPEXP_SECONDS));
  }

  #receive(received: readonly ReceivedEntry[]): void {
    const now = Math.floor(this.#options.now());
    for (const one of received) {
      const { entry, outcome } = applySync(
        this.entries.get(one.address),
        one,
        now,
        this.#options.whiteexpSeconds,
      );
      if (entry === undefined) this.entries.delete(one.address);
      else this.entries.set(one.address, entry);
      this.#options.onReceived?.(one, outcome);
    }
  }

  #isWhite(address: string, now: number): boolean {
    const entry = this.entries.get(address);
    return entry !== undefined && entryStatus(entry, now) === 'WHITE' && entry.pass <= now;
  }
}
