// The socket that messages come in by, bound to one address, or to all with a group joined on one interface.

import type { RemoteInfo, Socket } from 'node:dgram';
import type { ListenText } from './settings.js';
import type { Surroundings, SyncLog } from './surroundings.js';

/** Where we listen at one moment. */
export interface ListeningStatus {
  readonly address: string;
  readonly port: number;
  readonly interface?: string;
  readonly group?: string;
  /** Whether the socket is open, and its group joined where there is one. */
  readonly isListening: boolean;
}

/** What it listens to. */
export interface ListeningOptions {
  readonly listen: ListenText;
  readonly port: number;
  readonly group: string;
  readonly log: SyncLog;
}

const CHECK_MILLISECONDS = 60_000;
/** As much as the system grants: a burst of a whole whitelist should wait here, not get lost. */
const RECEIVE_BYTES = 1 << 20;

/** A socket that comes back after an error, and joins its group again when its interface was away. */
export class ListeningSocket {
  readonly #options: ListeningOptions;
  readonly #surroundings: Surroundings;
  readonly #onDatagram: (bytes: Buffer, from: RemoteInfo) => void;
  #socket: Socket | undefined;
  #hasGroup = false;
  #isClosed = false;
  #cancelCheck: () => void = () => {};

  constructor(
    options: ListeningOptions,
    surroundings: Surroundings,
    onDatagram: (bytes: Buffer, from: RemoteInfo) => void,
  ) {
    this.#options = options;
    this.#surroundings = surroundings;
    this.#onDatagram = onDatagram;
  }

  /** @throws {Error} when the port is taken, or the interface is not there. */
  async open(): Promise<void> {
    const { listen } = this.#options;
    await this.#bind();
    try {
      if (listen.kind === 'interface') this.#join(listen.interface);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#checkLater();
  }

  status(): ListeningStatus {
    const { listen, port, group } = this.#options;
    return {
      address: this.#bindAddress(),
      port: this.#socket?.address().port ?? port,
      ...(listen.kind === 'interface' && { interface: listen.interface, group }),
      isListening: this.#socket !== undefined && (listen.kind === 'address' || this.#hasGroup),
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelCheck();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) await new Promise<void>(resolve => socket.close(resolve));
  }

  #bindAddress(): string {
    const { listen } = this.#options;
    return listen.kind === 'address' ? listen.address : '0.0.0.0';
  }

  /** Nobody else may have the port: of two sockets, each datagram for an address would come to one only. */
  async #bind(): Promise<void> {
    const { port } = this.#options;
    const address = this.#bindAddress();
    const socket = this.#surroundings.createSocket();
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind({ address, port, exclusive: true }, resolve);
      });
    } catch (error) {
      socket.close();
      throw new Error(`Cannot listen for sync on ${address}:${port}: ${describe(error)}`, { cause: error });
    }
    socket.removeAllListeners('error');
    socket.on('error', error => this.#lose(socket, error));
    socket.on('message', this.#onDatagram);
    try {
      socket.setRecvBufferSize(RECEIVE_BYTES);
    } catch {
      // The system has a lower limit: its own default stays.
    }
    this.#socket = socket;
  }

  /** Joins the group; fulfilled as well when it is joined already. */
  #join(name: string): void {
    const { group } = this.#options;
    const found = this.#surroundings.interfaceAddresses().find(one => one.interface === name);
    try {
      if (found === undefined) throw new Error('no such interface with an IPv4 address');
      this.#socket?.addMembership(group, found.address);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
        this.#hasGroup = false;
        throw new Error(`Cannot join group ${group} on "${name}": ${describe(error)}`, { cause: error });
      }
    }
    this.#hasGroup = true;
  }

  #lose(socket: Socket, error: unknown): void {
    if (this.#socket !== socket) return;
    this.#options.log.warn(`Sync: stopped listening: ${describe(error)}`);
    this.#socket = undefined;
    this.#hasGroup = false;
    socket.close();
  }

  #checkLater(): void {
    this.#cancelCheck = this.#surroundings.schedule(CHECK_MILLISECONDS, () => void this.#check());
  }

  async #check(): Promise<void> {
    const { listen, log } = this.#options;
    const wasListening = this.status().isListening;
    try {
      if (this.#socket === undefined) await this.#bind();
      if (listen.kind === 'interface') this.#join(listen.interface);
      if (!wasListening) log.info('Sync: listening again');
    } catch (error) {
      if (wasListening) log.warn(`Sync: ${(error as Error).message}`);
    }
    if (this.#isClosed) await this.close();
    else this.#checkLater();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'in use, by another spamlogd, spamd or greyd with sync?',
  EADDRNOTAVAIL: 'not an address of this machine',
  EACCES: 'permission denied',
};

function describe(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code !== undefined && REASONS[code]) || message;
}
