// What the tests of synchronisation share.

import { createSocket, type Socket } from 'node:dgram';
import { afterEach } from 'node:test';
import { parseAddress } from '../../src/address/address.js';
import type { InterfaceAddress, Surroundings, SyncLog } from '../../src/sync/surroundings.js';
import type { SyncTarget } from '../../src/sync/target.js';

/** An IPv4 address as the word that the wire has. */
export function dottedQuad(text: string): number {
  const words = parseAddress(text);
  if (!words) throw new TypeError(`Not an address: ${text}`);
  return words[3];
}

/** A list of what is closed after each test of the file that calls this. */
export function closeAfterEach(): { close(): Promise<void> }[] {
  const closing: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(closing.splice(0).map(one => one.close()));
  });
  return closing;
}

/** Chance that repeats itself: numbers from 0 to 1 by a seed (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a spamd keeps of an address. */
export interface SpamdEntry {
  readonly first: number;
  readonly pass: number;
  readonly expire: number;
  readonly bcount: number;
  readonly pcount: number;
}

/** What OpenBSD's spamd does with the messages of its peers, and each minute: twupdate() and greyscan() of grey.c. */
export class SpamdModel {
  readonly entries: Map<number, SpamdEntry> = new Map();

  receive(kind: 'WHITE' | 'TRAPPED', address: number, expire: number, now: number): void {
    if (expire < now) return;
    const entry = this.entries.get(address);
    const trapped = kind === 'TRAPPED';
    if (entry === undefined) {
      this.entries.set(address, { first: now, pass: 0, expire, bcount: 0, pcount: trapped ? -1 : 0 });
    } else if (trapped) {
      this.entries.set(address, { ...entry, bcount: entry.bcount + 1, pcount: -1 });
    } else {
      this.entries.set(address, { ...entry, pcount: entry.pcount + 1 });
    }
  }

  scan(now: number): void {
    for (const [address, { expire }] of this.entries) if (expire <= now) this.entries.delete(address);
  }
}

/** Waits for what a socket or another process does: fulfilled once the condition holds, rejected after ten seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`Still not so after 10 s: ${condition}`);
    await new Promise(resolve => setTimeout(resolve, 1));
  }
}

/** Surroundings with real sockets on the loopback, and a clock and a resolver that the test has in its hands. */
export class TestSurroundings implements Surroundings {
  time = 1_700_000_000;
  hosts: Record<string, readonly string[] | { code: string }> = {};
  interfaces: InterfaceAddress[] = [{ interface: 'lo', address: '127.0.0.1', cidr: '127.0.0.1/8' }];
  readonly lookups: string[] = [];
  readonly #timers = new Set<{ at: number; task: () => void }>();

  now(): number {
    return this.time;
  }

  schedule(milliseconds: number, task: () => void): () => void {
    const timer = { at: this.time + milliseconds / 1000, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  random(): number {
    return 0.5;
  }

  async lookup(host: string): Promise<readonly string[]> {
    this.lookups.push(host);
    const answer = this.hosts[host] ?? { code: 'ENOTFOUND' };
    if ('code' in answer) throw Object.assign(new Error(`getaddrinfo ${answer.code} ${host}`), answer);
    return answer;
  }

  interfaceAddresses(): readonly InterfaceAddress[] {
    return this.interfaces;
  }

  createSocket(): Socket {
    return createSocket({ type: 'udp4' });
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets so much time go by, and each timer fire at its time. */
  async advance(seconds: number): Promise<void> {
    const end = this.time + seconds;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.task();
      await settle();
    }
    this.time = end;
    await settle();
  }
}

/** Lets promises that wait for nothing but one another finish. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve));
}

/** A log that keeps its lines. */
export class TestLog implements SyncLog {
  readonly lines: string[] = [];

  info(line: string): void {
    this.lines.push(`info ${line}`);
  }

  warn(line: string): void {
    this.lines.push(`warn ${line}`);
  }

  error(line: string): void {
    this.lines.push(`error ${line}`);
  }
}

/** A datagram, and whom it came from. */
export interface Heard {
  readonly bytes: Buffer;
  readonly address: string;
  readonly port: number;
}

/** A bare UDP socket that keeps what it hears. */
export class TestSocket {
  readonly heard: Heard[] = [];
  readonly #socket: Socket = createSocket({ type: 'udp4' });

  /** Binds; port 0 for any. */
  async open(address = '127.0.0.1', port = 0): Promise<this> {
    this.#socket.on('message', (bytes, from) => {
      this.heard.push({ bytes, address: from.address, port: from.port });
    });
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('error', reject);
      this.#socket.bind(port, address, resolve);
    });
    return this;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(bytes: Uint8Array, port: number, address = '127.0.0.1'): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(bytes, port, address, error => (error ? reject(error) : resolve()));
    });
  }

  async close(): Promise<void> {
    await new Promise<void>(resolve => this.#socket.close(resolve));
  }
}

/** A target that is one address. */
export function hostTarget(address: string): SyncTarget {
  return { kind: 'host', text: address, addresses: [address] };
}
