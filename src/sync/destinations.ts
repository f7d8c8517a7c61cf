// All addresses and groups that messages go to: the targets, each with the links that it means at the moment.

import { HostAddresses } from './host-addresses.js';
import { type Destination, Link, type LinkListener, type LinkStatus } from './link.js';
import type { Surroundings, SyncLog } from './surroundings.js';
import type { SyncTarget } from './target.js';

/** A target and where its messages go at the moment. */
export interface TargetStatus {
  /** As the administrator wrote it. */
  readonly target: string;
  readonly kind: SyncTarget['kind'];
  /** One an address; none where a host has no known address. */
  readonly links: readonly LinkStatus[];
}

/** What destinations are made of. */
export interface DestinationOptions {
  readonly targets: readonly SyncTarget[];
  readonly port: number;
  /** The group that an interface stands for. */
  readonly group: string;
  readonly surroundings: Surroundings;
  readonly log: SyncLog;
  /** Gives the message that asks an unreachable destination whether it is back. */
  makeProbe(): Uint8Array;
  onReturn(destination: Destination, signal: AbortSignal): void;
}

const INTERFACE = 'an interface with an IPv4 address';

interface OpenTarget {
  readonly target: SyncTarget;
  /** By address, of a group with its interface. */
  readonly links: Map<string, Link>;
  host?: HostAddresses;
}

/** The links of all targets. An address that several targets have is one link, of the first of them. */
export class Destinations implements LinkListener {
  readonly #options: DestinationOptions;
  readonly #targets: readonly OpenTarget[];

  constructor(options: DestinationOptions) {
    this.#options = options;
    this.#targets = options.targets.map(target => ({ target, links: new Map() }));
  }

  /** Opens all sockets; fulfilled when each can send, or turned out not to. */
  async open(): Promise<void> {
    const opening: Promise<void>[] = [];
    for (const open of this.#targets) {
      const { target } = open;
      if (target.kind === 'interface') {
        const multicast = { interface: target.interface, ttl: target.ttl };
        opening.push(this.#add(open, this.#options.group, multicast));
        continue;
      }
      for (const address of target.addresses) opening.push(this.#add(open, address));
      if (target.addresses.length === 1 && target.addresses[0] === target.text) continue;
      const { surroundings, log } = this.#options;
      open.host = new HostAddresses(
        target.text,
        target.addresses,
        surroundings,
        log,
        addresses => this.#follow(open, addresses),
        code => log.error(`Sync target "${target.text}" is neither a host (${code}) nor ${INTERFACE}`),
      );
    }
    await Promise.all(opening);
  }

  /** The links to these targets or addresses, to all of them when none are named. */
  links(names?: ReadonlySet<string>): Link[] {
    const all = this.#targets.flatMap(({ links }) => [...links.values()]);
    if (names === undefined) return all;
    const keys = new Set(names);
    for (const open of this.#targets) {
      if (names.has(open.target.text)) for (const key of this.#keys(open)) keys.add(key);
    }
    return all.filter(({ destination }) => keys.has(keyOf(destination)) || keys.has(destination.address));
  }

  /** What the links of a target are known by, though another target may have them. */
  #keys({ target, host }: OpenTarget): readonly string[] {
    if (target.kind === 'host') return host?.addresses ?? target.addresses;
    return [keyOf({ address: this.#options.group, multicast: target })];
  }

  status(): TargetStatus[] {
    return this.#targets.map(({ target, links }) => ({
      target: target.text,
      kind: target.kind,
      links: Array.from(links.values(), link => link.status()),
    }));
  }

  async close(): Promise<void> {
    for (const { host } of this.#targets) host?.close();
    await Promise.all(this.links().map(link => link.close()));
  }

  onUnreachable(link: Link, code: string): void {
    this.#options.log.warn(`Sync target ${describe(link)} is unreachable (${code})`);
    this.onProbe(link);
  }

  onProbe(link: Link): void {
    for (const { target, host } of this.#targets) {
      if (target.text === link.destination.target) host?.refresh();
    }
  }

  onReturn(link: Link, unreachableSeconds: number, signal: AbortSignal): void {
    const seconds = Math.round(unreachableSeconds);
    this.#options.log.info(`Sync target ${describe(link)} is back after ${seconds} s`);
    this.#options.onReturn(link.destination, signal);
  }

  #add(open: OpenTarget, address: string, multicast?: Destination['multicast']): Promise<void> {
    const key = keyOf({ address, multicast });
    if (this.#targets.some(({ links }) => links.has(key))) return Promise.resolve();
    const { port, surroundings, makeProbe } = this.#options;
    const destination = { target: open.target.text, address, port, ...(multicast && { multicast }) };
    const link = new Link(destination, surroundings, this, () => makeProbe());
    open.links.set(key, link);
    return link.open();
  }

  #follow(open: OpenTarget, addresses: readonly string[]): void {
    for (const [address, link] of open.links) {
      if (addresses.includes(address)) continue;
      open.links.delete(address);
      void link.close();
    }
    for (const address of addresses) void this.#add(open, address);
    // What this target has no more may be another's still.
    for (const other of this.#targets) {
      if (other.target.kind === 'host') for (const key of this.#keys(other)) void this.#add(other, key);
    }
  }
}

function keyOf(destination: { address: string; multicast?: { interface: string } | undefined }): string {
  const { address, multicast } = destination;
  return multicast === undefined ? address : `${address}%${multicast.interface}`;
}

function describe({ destination: { target, address } }: Link): string {
  return target === address ? target : `"${target}" (${address})`;
}
