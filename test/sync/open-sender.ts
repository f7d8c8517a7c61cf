// A sender with all that the tests of sending need around it.

import { formatIpv4 } from '../../src/address/address.js';
import { type StoredSighting, SyncSender, type SyncSenderOptions } from '../../src/sync/sender.js';
import type { SyncAddressEntry, SyncMessage } from '../../src/wire/sync-message.js';
import { decodeSyncMessage } from '../../src/wire/sync-message-decode.js';
import {
  closeAfterEach,
  hostTarget,
  settle,
  TestLog,
  TestSocket,
  TestSurroundings,
  until,
} from './helpers.js';

export const KEY: Buffer = Buffer.from('fc683cd9ed1990ca2ea10b84e5e6fba048c24929');
export const NOW = 1_700_000_000;
export const DAY = 86_400;
export const WHITEEXP: number = 36 * DAY;

/** Closed after each test. */
export const closing: { close(): Promise<void> }[] = closeAfterEach();

/** A sender on the loopback, and the socket that it sends to. */
export interface OpenSender {
  readonly sender: SyncSender;
  readonly socket: TestSocket;
  readonly surroundings: TestSurroundings;
  readonly log: TestLog;
  /** Addresses that the database was asked for, and what it has: expires of white ones. */
  readonly asked: string[][];
  readonly white: Map<string, number>;
}

/** Opens a sender to 127.0.0.1, but for the given changes; it is closed after the test. */
export async function openSender(changes: Partial<SyncSenderOptions> = {}): Promise<OpenSender> {
  const socket = await new TestSocket().open();
  const surroundings = new TestSurroundings();
  const log = new TestLog();
  const asked: string[][] = [];
  const white = new Map<string, number>();
  const sender = new SyncSender({
    targets: [hostTarget('127.0.0.1')],
    key: KEY,
    port: socket.port,
    group: '224.0.1.240',
    whiteexpSeconds: WHITEEXP,
    log,
    surroundings,
    async confirm(addresses) {
      asked.push([...addresses]);
      return white;
    },
    ...changes,
  });
  closing.push(sender, socket);
  await sender.start();
  return { sender, socket, surroundings, log, asked, white };
}

/** The messages that the socket heard, once there are so many, with their entries as `address expire` less the time at which the test began. */
export async function heard(
  socket: TestSocket,
  count: number,
): Promise<{ counter: number; entries: string[] }[]> {
  await until(() => socket.heard.length >= count);
  await settle();
  return socket.heard.splice(0).map(({ bytes }) => {
    const message = decodeSyncMessage(bytes, KEY) as SyncMessage;
    const entries = message.entries as readonly SyncAddressEntry[];
    return {
      counter: message.counter,
      entries: entries.map(({ address, expire }) => `${formatIpv4(address)} ${expire - NOW}`),
    };
  });
}

/** What a flush has stored. */
export function seen(address: string, time: number, isNew = false): StoredSighting {
  return { address, expire: time + WHITEEXP, isNew };
}
