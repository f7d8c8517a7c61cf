// Accepted messages in a file, so that a restart does not forget them.

import { readFileSync } from 'node:fs';
import { type FileHandle, open, rename, writeFile } from 'node:fs/promises';
import type { SeenMessage, SeenRecord } from './seen-messages.js';
import type { SyncLog } from './surroundings.js';

/** An HMAC and a time, seconds since the epoch as a big-endian double. */
const HMAC_BYTES = 20;
const RECORD_BYTES = HMAC_BYTES + 8;

/**
 * A file to which accepted messages are added at once, but without waiting for the disk, and which is written anew when
 * the older ones count no more. While it cannot be written, which is said once, a restart forgets what was accepted
 * meanwhile.
 */
export class SeenFile implements SeenRecord {
  readonly #path: string;
  readonly #log: SyncLog;
  #replacement: readonly SeenMessage[] | undefined;
  #added: SeenMessage[] = [];
  #writing: Promise<void> | undefined;
  #file: FileHandle | undefined;
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
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#tell(error);
      return [];
    }
    const messages: SeenMessage[] = [];
    // A record that was cut off is that of a message that is lost.
    for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
      const hmac = bytes.toString('latin1', at, at + HMAC_BYTES);
      messages.push({ hmac, timestamp: bytes.readDoubleBE(at + HMAC_BYTES) });
    }
    return messages;
  }

  add(message: SeenMessage): void {
    this.#added.push(message);
    this.#writing ??= this.#write();
  }

  replace(messages: readonly SeenMessage[]): void {
    this.#replacement = messages;
    this.#added = [];
    this.#writing ??= this.#write();
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Writes what there is to write; never rejects. */
  async #write(): Promise<void> {
    // What is added within one turn is one write.
    await Promise.resolve();
    while (this.#replacement !== undefined || this.#added.length > 0) {
      try {
        if (this.#replacement === undefined) await this.#append();
        else await this.#begin();
      } catch (error) {
        // A part of a record would shift all those after it: no more of them before the file is written anew.
        await this.#file?.close().catch(() => {});
        this.#file = undefined;
        this.#tell(error);
      }
    }
    this.#writing = undefined;
  }

  async #begin(): Promise<void> {
    const messages = this.#replacement!;
    this.#replacement = undefined;
    await this.#file?.close();
    this.#file = undefined;
    const temporary = `${this.#path}.new`;
    await writeFile(temporary, encode(messages), { mode: 0o600 });
    await rename(temporary, this.#path);
    this.#file = await open(this.#path, 'a');
    this.#isFailing = false;
  }

  async #append(): Promise<void> {
    const added = this.#added;
    this.#added = [];
    await this.#file?.appendFile(encode(added));
  }

  #tell(error: unknown): void {
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
