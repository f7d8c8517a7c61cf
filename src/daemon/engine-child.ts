// The engine, seen from the monitor that starts it.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ToEngine } from './messages.js';
import { RELAY_FD } from './relay-fd.js';

const ENGINE = fileURLToPath(new URL('engine-process.js', import.meta.url));

/** What V8 keeps for young objects grows with the load and never shrinks; more than this is of no use here. */
const SMALL_HEAP = ['--max-semi-space-size=2'];

/** One engine process. */
export class EngineChild {
  /** To be set: called with whatever it says. */
  onMessage: (value: unknown) => void = () => {};
  /** To be set: called when it has ended without having been told to. */
  onExit: (how: string) => void = () => {};
  readonly #child: ChildProcess;
  readonly #exited: Promise<number>;

  constructor() {
    this.#child = spawn(process.execPath, [...SMALL_HEAP, ENGINE], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'ipc'],
      // It is ours to end, not a terminal's.
      detached: true,
      cwd: '/',
    });
    this.#exited = new Promise(resolve => {
      this.#child.once('exit', (code, signal) => {
        resolve(code ?? 1);
        const how = signal === null ? `ended with status ${code}` : `was killed by ${signal}`;
        // What it said before comes first.
        if (this.#child.connected) this.#child.once('disconnect', () => this.onExit(how));
        else this.onExit(how);
      });
    });
    this.#child.on('message', value => this.onMessage(value));
    this.#child.on('error', error => this.onExit(error.message));
    // What cannot be written to it any more, its exit tells.
    this.relay.on('error', () => {});
  }

  /** The pipe for what is captured. */
  get relay(): Writable {
    return this.#child.stdio[RELAY_FD] as Writable;
  }

  /** What it cannot be told any more is lost. */
  send(message: ToEngine): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Has it commit and end; its exit status. */
  stop(): Promise<number> {
    this.onExit = () => {};
    this.relay.end();
    this.send({ type: 'stop' });
    return this.#exited;
  }

  /** Ends it at once, which is a failure. */
  kill(): Promise<number> {
    this.onExit = () => {};
    this.#child.kill('SIGKILL');
    return this.#exited;
  }
}
