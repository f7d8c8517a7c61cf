// Synchronisation with other tarpits: tells them what became white here, and applies what they say.

import { canonicalAddress, MAPPED_WORD } from '../address/address.js';
import { PrefixSet } from '../address/prefix.js';
import { seenFileOf } from '../options/database.js';
import { databaseOf } from '../options/settings.js';
import type { Settings } from '../options/table.js';
import type { Store } from '../store/store.js';
import { readSyncKey } from '../sync/key.js';
import type { SyncPeer } from '../sync/peers.js';
import { defaultPeers } from '../sync/peers.js';
import type { ReceivedEntry } from '../sync/received-entry.js';
import { SyncReceiver, type SyncReceiverStatus } from '../sync/receiver.js';
import { SeenFile } from '../sync/seen-file.js';
import { SyncSender, type SyncSenderStatus } from '../sync/sender.js';
import { REAL_SURROUNDINGS, type SyncLog } from '../sync/surroundings.js';
import { resolveTargets, type SyncTarget } from '../sync/target.js';
import { entryStatus } from '../whitelist/entry.js';
import type { WhiteAddress } from './live-writer.js';
import { whiteSource } from './white-source.js';

/** The key as it was read before privileges were dropped. */
export interface SyncKeyText {
  /** What HMACs are made with, as text: hexadecimal, or nothing. */
  readonly key: string;
  readonly state: 'present' | 'empty' | 'missing';
}

/** What a link is made with. */
export interface SyncLinkOptions {
  readonly settings: Settings;
  readonly key: SyncKeyText;
  readonly store: () => Store;
  readonly log: SyncLog;
  /** Called with what peers made white, or longer so; and with what is white no more. */
  readonly onWhite: (white: readonly WhiteAddress[]) => void;
  readonly onGone: (addresses: readonly string[]) => void;
}

/** Reads the key where the settings ask for synchronisation; to be done before privileges are dropped. @throws Error */
export async function readLinkKey(
  settings: Settings,
  warn: (line: string) => void,
): Promise<SyncKeyText | undefined> {
  if (!wantsSync(settings)) return undefined;
  const { key, state, warnings } = await readSyncKey(settings['sync-key']);
  for (const warning of warnings) warn(warning);
  return { key: Buffer.from(key).toString('latin1'), state };
}

/** Whether the settings ask for synchronisation. */
export function wantsSync(settings: Settings): boolean {
  return settings['sync-target'].length > 0 || settings['sync-listen'] !== undefined;
}

/** How long the start waits for names; those that take longer are found out in the background. */
const RESOLVE_SECONDS = 3;

/** How synchronisation fares. */
export interface SyncStatus {
  readonly key: SyncKeyText['state'];
  readonly sender: SyncSenderStatus | null;
  readonly receiver: SyncReceiverStatus | null;
}

/** A sender, a receiver, or both. */
export class SyncLink {
  readonly #options: SyncLinkOptions;
  readonly #sender: SyncSender | undefined;
  readonly #receiver: SyncReceiver | undefined;
  #ignore: PrefixSet;
  #whiteexpSeconds: number;
  #adopting: Promise<void> = Promise.resolve();
  #isEnding = false;

  private constructor(options: SyncLinkOptions, targets: readonly SyncTarget[]) {
    this.#options = options;
    const { settings, log } = options;
    this.#ignore = new PrefixSet(settings.ignore);
    this.#whiteexpSeconds = settings.whiteexp * 3600;
    const common = {
      key: Buffer.from(options.key.key, 'latin1'),
      port: settings['sync-port'],
      group: settings['sync-group'],
      whiteexpSeconds: this.#whiteexpSeconds,
      log,
    };
    if (targets.length > 0) {
      this.#sender = new SyncSender({
        ...common,
        targets,
        confirm: addresses => this.#confirm(addresses),
        onReturn: ({ address }, signal) => void this.#catchUp(address, signal),
      });
    }
    const listen = settings['sync-listen'];
    if (listen !== undefined) {
      this.#receiver = new SyncReceiver({
        ...common,
        listen,
        peers: peersOf(settings, targets),
        windowSeconds: settings['sync-window'],
        deliver: entries => this.#deliver(entries),
        seenRecord: new SeenFile(seenFileOf(databaseOf(settings)), log),
        isIgnored: address => this.#ignore.has(0, 0, MAPPED_WORD, address),
        owns: (address, port) => this.#sender?.owns(address, port) ?? false,
      });
    }
  }

  /** Finds out what the targets are, in a few seconds, and opens the sockets. @throws Error in one line */
  static async start(options: SyncLinkOptions): Promise<SyncLink> {
    const texts = options.settings['sync-target'];
    const link = new SyncLink(options, await resolveTargets(texts, REAL_SURROUNDINGS, RESOLVE_SECONDS));
    await link.#begin();
    return link;
  }

  async #begin(): Promise<void> {
    await this.#receiver?.start();
    await this.#sender?.start();
    this.#adopting = this.#adopt();
  }

  /** Goes on with the networks to ignore and the life of a white entry that other settings name. */
  use(settings: Settings): void {
    this.#ignore = new PrefixSet(settings.ignore);
    this.#whiteexpSeconds = settings.whiteexp * 3600;
    this.#receiver?.use(this.#whiteexpSeconds);
    this.#sender?.use(this.#whiteexpSeconds);
  }

  /** Tells peers of what was written here. */
  announce(white: readonly WhiteAddress[]): void {
    this.#sender?.announce(white);
  }

  async #adopt(): Promise<void> {
    try {
      await this.#sender?.adopt(this.#ownSightings());
    } catch (error) {
      const why = (error as Error).message;
      this.#options.log.warn(`Sync: what was seen before is not said again until it is seen again: ${why}`);
    }
  }

  /** What was seen here before this start: peers were told of it. */
  async *#ownSightings(): AsyncGenerator<{ address: string; expire: number }> {
    const options = {
      now: Math.floor(Date.now() / 1000),
      status: new Set(['WHITE'] as const),
      whiteexpSeconds: 0,
    };
    for await (const record of this.#options.store().list({ ...options, sort: 'database' })) {
      if (this.#isEnding) return;
      if (record.kind === 'address' && record.sighting) {
        yield { address: record.address, expire: record.entry.expire };
      }
    }
  }

  /** Which of these are white now, and until when. */
  async #confirm(addresses: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const now = Date.now() / 1000;
    const expires = new Map<string, number>();
    const store = this.#options.store();
    for (const address of addresses) {
      const entry = await store.get(address);
      if (entry !== undefined && entryStatus(entry, now) === 'WHITE') expires.set(address, entry.expire);
    }
    return expires;
  }

  async #catchUp(address: string, signal: AbortSignal): Promise<void> {
    try {
      const white = whiteSource(this.#options.store)(Date.now() / 1000);
      await this.#sender?.push(white, { to: [address], signal });
    } catch (error) {
      this.#options.log.warn(`Sync: ${address} is not brought up to date: ${(error as Error).message}`);
    }
  }

  async #deliver(entries: readonly ReceivedEntry[]): Promise<void> {
    const { store, onWhite, onGone } = this.#options;
    const now = Math.floor(Date.now() / 1000);
    const changes = await store().applySync(entries, now, this.#whiteexpSeconds);
    const white: WhiteAddress[] = [];
    const gone: string[] = [];
    changes.forEach(({ outcome, expire }, i) => {
      const address = canonicalAddress(entries[i]!.address)!;
      if (outcome === 'added' || outcome === 'refreshed')
        white.push({ address, expire, isNew: outcome === 'added' });
      else if (outcome === 'trap-set' || outcome === 'deleted') gone.push(address);
    });
    if (white.length > 0) onWhite(white);
    if (gone.length > 0) onGone(gone);
  }

  /** How targets and peers fare. */
  status(): SyncStatus {
    return {
      key: this.#options.key.state,
      sender: this.#sender?.status() ?? null,
      receiver: this.#receiver?.status() ?? null,
    };
  }

  /** Hears no more of peers, nor looks at what is in the database, while they are still told of what is written. */
  async stopListening(): Promise<void> {
    this.#isEnding = true;
    await Promise.all([this.#receiver?.close(), this.#adopting]);
  }

  async close(): Promise<void> {
    await Promise.all([this.#sender?.close(), this.#receiver?.close()]);
  }
}

function peersOf(settings: Settings, targets: readonly SyncTarget[]): SyncPeer[] {
  const peers = settings['sync-peer'];
  if (peers.length > 0) return [...peers];
  const found = defaultPeers(targets, REAL_SURROUNDINGS.interfaceAddresses());
  if (found.length === 0) throw new Error('-y: name the peers with --sync-peer, or targets with -Y');
  return found;
}
