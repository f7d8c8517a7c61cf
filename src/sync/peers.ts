// Who may speak to us: the configured peers, by address.

import { parseAddress } from '../address/address.js';
import { parsePrefix, prefixContains } from '../address/prefix.js';
import { HostAddresses } from './host-addresses.js';
import type { EntrySkip } from './received-entry.js';
import { type ReceiveRefusal, Refusals } from './refusals.js';
import type { PeerText } from './settings.js';
import type { InterfaceAddress, Surroundings, SyncLog } from './surroundings.js';
import type { SyncTarget } from './target.js';

/** A peer as it is configured: `text` is as the administrator wrote it. */
export interface SyncPeer {
  readonly text: string;
  readonly peer: PeerText;
  /** What the name of a host is known to resolve to; it is asked for at once where that is nothing. */
  readonly addresses?: readonly string[];
}

/** A peer at one moment. Times are seconds since the epoch. */
export interface PeerStatus {
  readonly peer: string;
  /** Messages accepted, those without entries not among them. */
  readonly messages: number;
  /** Entries delivered. */
  readonly entries: number;
  readonly skipped: Readonly<Record<EntrySkip, number>>;
  readonly refused: Readonly<Partial<Record<ReceiveRefusal, number>>>;
  /** When a message was last accepted, and from which address. */
  readonly lastHeard?: number;
  readonly lastAddress?: string;
  /** Our clock less the peer's when the last message came, in whole seconds: above 0 where its clock is behind. */
  readonly lagSeconds?: number;
}

/** What is kept of a peer. */
export class PeerAccount {
  readonly text: string;
  readonly refusals: Refusals;
  messages = 0;
  entries = 0;
  readonly skipped: Record<EntrySkip, number> = { ended: 0, 'bad-address': 0, grey: 0, 'ignored-network': 0 };
  lastHeard: { time: number; address: string; lagSeconds: number } | undefined;

  constructor(text: string, refusals: Refusals) {
    this.text = text;
    this.refusals = refusals;
  }

  status(): PeerStatus {
    const { text, messages, entries, refusals, lastHeard } = this;
    return {
      peer: text,
      messages,
      entries,
      skipped: { ...this.skipped },
      refused: refusals.counts,
      ...(lastHeard && {
        lastHeard: lastHeard.time,
        lastAddress: lastHeard.address,
        lagSeconds: lastHeard.lagSeconds,
      }),
    };
  }
}

/** All peers; a look-up by the text of an address costs little whoever it is of. */
export class Peers {
  readonly accounts: readonly PeerAccount[];
  readonly #peers: readonly SyncPeer[];
  readonly #byAddress = new Map<string, PeerAccount>();
  readonly #hosts: HostAddresses[] = [];

  constructor(peers: readonly SyncPeer[], surroundings: Surroundings, log: SyncLog) {
    this.#peers = peers;
    this.accounts = peers.map(({ text }) => new PeerAccount(text, new Refusals(surroundings, log)));
    peers.forEach(({ peer, addresses = [] }, i) => {
      if (peer.kind !== 'host') return;
      const account = this.accounts[i]!;
      const onChange = (now: readonly string[]): void => this.#name(account, now);
      this.#hosts.push(new HostAddresses(peer.name, addresses, surroundings, log, onChange));
      this.#name(account, addresses);
    });
  }

  /** The peer that has the address. */
  find(address: string): PeerAccount | undefined {
    return this.#byAddress.get(address) ?? this.#findPrefix(address);
  }

  /** Asks for the names of all hosts again, not too often: somebody unknown has spoken, who may be one of them. */
  refresh(): void {
    for (const host of this.#hosts) host.refresh();
  }

  close(): void {
    for (const host of this.#hosts) host.close();
    for (const { refusals } of this.accounts) refusals.close();
  }

  #findPrefix(address: string): PeerAccount | undefined {
    const words = parseAddress(address);
    if (words === undefined) return undefined;
    const index = this.#peers.findIndex(
      ({ peer }) => peer.kind === 'prefix' && prefixContains(peer.prefix, words),
    );
    return this.accounts[index];
  }

  #name(account: PeerAccount, addresses: readonly string[]): void {
    for (const [address, owner] of this.#byAddress) if (owner === account) this.#byAddress.delete(address);
    for (const address of addresses) this.#byAddress.set(address, account);
  }
}

/**
 * The peers where none are configured: the hosts that we send to, and all hosts on the networks of the interfaces that
 * we send to by multicast.
 */
export function defaultPeers(
  targets: readonly SyncTarget[],
  interfaces: readonly InterfaceAddress[],
): SyncPeer[] {
  return targets.flatMap((target): SyncPeer[] => {
    if (target.kind === 'host') {
      const prefix = parsePrefix(target.text);
      if (prefix) return [{ text: target.text, peer: { kind: 'prefix', prefix } }];
      const { text, addresses } = target;
      return [{ text, peer: { kind: 'host', name: text }, addresses }];
    }
    return interfaces
      .filter(one => one.interface === target.interface)
      .map(({ cidr }) => ({
        text: `${target.text} (${cidr})`,
        peer: { kind: 'prefix', prefix: network(cidr) },
      }));
  });
}

/** The network of `192.0.2.7/24`. */
function network(cidr: string): Extract<PeerText, { kind: 'prefix' }>['prefix'] {
  const [address = '', length = ''] = cidr.split('/');
  const words = parseAddress(address);
  if (words === undefined) throw new TypeError(`Not the address of an interface: ${cidr}`);
  const bits = 96 + Number(length);
  const mask = bits === 96 ? 0 : (0xffffffff << (128 - bits)) >>> 0;
  return { words: [words[0], words[1], words[2], (words[3] & mask) >>> 0], bits };
}
