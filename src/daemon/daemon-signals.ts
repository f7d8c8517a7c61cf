// Signals, from before the start-up on: what cannot be done yet is kept until it can.

import { once } from 'node:events';

/** What the process is told to do. */
export interface SignalActions {
  readonly stop: () => void;
  /** Never rejects. */
  readonly reload: () => void | Promise<void>;
  readonly status: () => void;
}

/**
 * SIGTERM, SIGINT and SIGQUIT end, SIGHUP reads the configuration, SIGUSR1 and SIGINFO log. To be made before anything
 * that has to be undone: until then a signal just kills, and SIGUSR1 has Node open its debugger.
 */
export class DaemonSignals {
  readonly #starting = new AbortController();
  #actions: SignalActions | undefined;
  #isStopping = false;
  #isStatusDue = false;
  #isReloadDue = false;
  #isReloading = false;

  constructor() {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.on(signal, () => this.#stop());
    process.on('SIGHUP', () => {
      this.#isReloadDue = true;
      void this.#reload();
    });
    process.on('SIGUSR1', () => this.#status());
    // The BSDs have it; elsewhere Node refuses the name.
    if (process.platform !== 'linux') process.on('SIGINFO' as NodeJS.Signals, () => this.#status());
  }

  /** Aborted when the process is told to end before {@link attend}, and never after that. */
  get starting(): AbortSignal {
    return this.#starting.signal;
  }

  /** Fulfilled when {@link starting} is aborted. */
  async stoppedEarly(): Promise<void> {
    if (!this.starting.aborted) await once(this.starting, 'abort');
  }

  /** Start-up is over: acts on what came meanwhile, and on what comes. */
  attend(actions: SignalActions): void {
    this.#actions = actions;
    if (this.#isStopping) actions.stop();
    if (this.#isStatusDue) this.#status();
    void this.#reload();
  }

  #stop(): void {
    this.#isStopping = true;
    if (this.#actions === undefined) this.#starting.abort();
    else this.#actions.stop();
  }

  #status(): void {
    this.#isStatusDue = this.#actions === undefined;
    if (!this.#isStopping) this.#actions?.status();
  }

  /** One at a time, since a slow one must not undo a later one; signals that come meanwhile make one more together. */
  async #reload(): Promise<void> {
    if (this.#isReloading || this.#actions === undefined) return;
    this.#isReloading = true;
    while (this.#isReloadDue && !this.#isStopping) {
      this.#isReloadDue = false;
      await this.#actions.reload();
    }
    this.#isReloading = false;
  }
}
