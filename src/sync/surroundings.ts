// What synchronisation takes from its surroundings: clock, timers, chance, names, interfaces, sockets and a log.

import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';

/** An IPv4 address of one of this machine's interfaces. */
export interface InterfaceAddress {
  readonly interface: string;
  readonly address: string;
  /** The network the interface is connected to, `192.0.2.0/24` written with the address itself: `192.0.2.7/24`. */
  readonly cidr: string;
}

/** Where one line for the administrator goes. */
export interface SyncLog {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

/** All that sockets and timers are made of, so that a test can make its own. */
export interface Surroundings {
  /** Seconds since the epoch, with fractions. */
  now(): number;
  /** Runs the task once after that long; the returned function cancels it. */
  schedule(milliseconds: number, task: () => void): () => void;
  /** A number from 0 up to, but not including, 1. */
  random(): number;
  /**
   * The IPv4 addresses of a host name, by resolver, hosts(5) and all. Rejects with an error whose `code` is that of
   * getaddrinfo(3).
   */
  lookup(host: string): Promise<readonly string[]>;
  interfaceAddresses(): readonly InterfaceAddress[];
  /** A UDP socket over IPv4, not bound yet. */
  createSocket(): Socket;
}

/** The surroundings of a process on a real machine. Its timers do not keep the process running. */
export const REAL_SURROUNDINGS: Surroundings = {
  now: () => Date.now() / 1000,
  schedule(milliseconds, task) {
    const timer = setTimeout(task, milliseconds).unref();
    return () => clearTimeout(timer);
  },
  random: Math.random,
  async lookup(host) {
    const found = await lookup(host, { all: true, family: 4 });
    return [...new Set(found.map(({ address }) => address))];
  },
  interfaceAddresses: () =>
    Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
      addresses.flatMap(({ family, address, cidr }) =>
        family === 'IPv4' ? [{ interface: name, address, cidr: cidr ?? `${address}/32` }] : [],
      ),
    ),
  createSocket: () => createSocket({ type: 'udp4' }),
};
