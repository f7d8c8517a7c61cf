// A receiver with all that the tests of receiving need around it.

import type { SyncPeer } from '../../src/sync/peers.js';
import type { ReceivedEntry } from '../../src/sync/received-entry.js';
import { SyncReceiver, type SyncReceiverOptions } from '../../src/sync/receiver.js';
import { type PeerText, parseSyncPeer } from '../../src/sync/settings.js';
import type { SyncEntry } from '../../src/wire/sync-message.js';
import { encodeSyncMessage } from '../../src/wire/sync-message-encode.js';
import {
  closeAfterEach,
  dottedQuad,
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

/** A configured peer. */
export function peer(text: string): SyncPeer {
  return { text, peer: (parseSyncPeer(text) as { value: PeerText }).value };
}

/** A receiver on the loopback, and what sends to it and waits until that was received. */
export interface OpenReceiver {
  readonly receiver: SyncReceiver;
  readonly surroundings: TestSurroundings;
  readonly log: TestLog;
  readonly delivered: ReceivedEntry[];
  readonly socket: TestSocket;
  /** Sends entries of 127.0.0.1 in one message; gives its bytes. */
  send(...entries: SyncEntry[]): Promise<Buffer>;
  sendBytes(bytes: Uint8Array, from?: TestSocket): Promise<void>;
}

/** Opens a receiver whose peer is 127.0.0.1, but for the given changes; it is closed after the test. */
export async function openReceiver(changes: Partial<SyncReceiverOptions> = {}): Promise<OpenReceiver> {
  const surroundings = new TestSurroundings();
  const log = new TestLog();
  const delivered: ReceivedEntry[] = [];
  const receiver = new SyncReceiver({
    listen: { kind: 'address', address: '127.0.0.1' },
    port: 0,
    group: '224.0.1.240',
    peers: [peer('127.0.0.1')],
    key: KEY,
    windowSeconds: 300,
    whiteexpSeconds: WHITEEXP,
    log,
    surroundings,
    deliver(entries) {
      delivered.push(...entries);
    },
    ...changes,
  });
  await receiver.start();
  const socket = await new TestSocket().open();
  closing.push(receiver, socket);
  const { port } = receiver.status().listening;
  let counter = 0;
  const send = async (...entries: SyncEntry[]): Promise<Buffer> => {
    const bytes = encodeSyncMessage({ counter: counter++, entries }, KEY);
    await sendBytes(bytes);
    return bytes;
  };
  const sendBytes = async (bytes: Uint8Array, from = socket): Promise<void> => {
    const before = received(receiver);
    await from.send(bytes, port);
    await until(() => received(receiver) > before);
    await settle();
  };
  return { receiver, surroundings, log, delivered, socket, send, sendBytes };
}

/** Everything that was received and has entries, whatever became of it. */
function received(receiver: SyncReceiver): number {
  const { peers, strangers, own } = receiver.status();
  const sum = (counts: object): number => Object.values(counts).reduce((total, count) => total + count, 0);
  return peers.reduce((total, one) => total + one.messages + sum(one.refused), own + sum(strangers));
}

/** A WHITE entry. */
export function white(address: string, expire: number = NOW + DAY, timestamp: number = NOW): SyncEntry {
  return { kind: 'white', timestamp, expire, address: dottedQuad(address) };
}
