// Accepted messages in a file, so that a restart does not forget them.

import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import type { SeenMessage, SeenRecord } from './seen-messages.js';
import type { SyncLog } from './surroundings.js';

/** An HMAC and a time, seconds since the epoch as a big-endian double. */
const HMAC_BYTES = 20;
const RECORD_BYTES = HMAC_BYTES + 8;

/**
 * A file to which accepted messages are added one by one, and which is written anew when the older ones count no more.
 * While it cannot be written, which is said once, a restart forgets what was accepted meanwhile.
 */
export class SeenFile implements SeenRecord {
  readonly #path: string;
  readonly #log: SyncLog;
  #file: number | undefined;
  #isFailing = false;

  constructor(path: string, log: SyncLog) {
    this.#path = path;
    this.#log = log;
  }

  load(): SeenMessage[] {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#fail(error);
      return [];
    }
    const messages: SeenMessage[] = [];
    // A record that was cut off is that of a message of which nothing became.
    for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
      const hmac = bytes.toString('latin1', at, at + HMAC_BYTES);
      messages.push({ hmac, timestamp: bytes.readDoubleBE(at + HMAC_BYTES) });
    }
    return messages;
  }

  add(message: SeenMessage): void {
    if (this.#file === undefined) return;
    try {
      const bytes = encode([message]);
      // A part of a record would shift all those after it.
      if (writeSync(this.#file, bytes) < bytes.length) throw new Error('no space left');
    } catch (error) {
      this.#fail(error);
    }
  }

  replace(messages: readonly SeenMessage[]): void {
    this.close();
    const temporary = `${this.#path}.new`;
    try {
      writeFileSync(temporary, encode(messages), { mode: 0o600 });
      renameSync(temporary, this.#path);
      this.#file = openSync(this.#path, 'a');
      this.#isFailing = false;
    } catch (error) {
      this.#fail(error);
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #fail(error: unknown): void {
    this.close();
    if (this.#isFailing) return;
    this.#isFailing = true;
    const why = (error as Error).message;
    this.#log.warn(`Sync: messages may be accepted again after a restart: "${this.#path}": ${why}`);
  }
}

function encode(messages: readonly SeenMessage[]): Buffer {
  const bytes = Buffer.alloc(messages.length * RECORD_BYTES);
  messages.forEach(({ hmac, timestamp }, i) => {
    bytes.write(hmac, i * RECORD_BYTES, HMAC_BYTES, 'latin1');
    bytes.writeDoubleBE(timestamp, i * RECORD_BYTES + HMAC_BYTES);
  });
  return bytes;
}
