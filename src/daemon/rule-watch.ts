// Watches pf's rules: reads them at the start, and again when they have changed.

import { type LiveRules, readLiveRules, readRulesChecksum } from '../pfconf/live/rules.js';
import type { System } from '../pfconf/live/system.js';
import type { Dialect } from '../pfconf/source.js';

const PFCTL = '/sbin/pfctl';

/** How often the ruleset's checksum is looked at. */
const LOOK_MS = 5_000;

/** Asks pfctl, which needs privileges, and hands on what it says unread. */
export class RuleWatch {
  readonly #system: System;
  readonly #dialect: Dialect;
  readonly #onRules: (rules: LiveRules) => void;
  #checksum: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(system: System, dialect: Dialect, onRules: (rules: LiveRules) => void) {
    this.#system = system;
    this.#dialect = dialect;
    this.#onRules = onRules;
  }

  /** Reads the rules, and goes on watching; settles after the first reading. */
  async start(): Promise<void> {
    this.#checksum = await readRulesChecksum(this.#system, PFCTL);
    await this.read();
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
  }

  /** Reads the rules now, as when the administrator asks for it: a change inside an anchor has no checksum. */
  async read(): Promise<void> {
    this.#onRules(await readLiveRules(this.#system, this.#dialect, PFCTL));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const checksum = await readRulesChecksum(this.#system, PFCTL);
    if (checksum === this.#checksum) return;
    this.#checksum = checksum;
    await this.read();
  }
}

/** Whether this machine's log is pf's, whose rules can be read. */
export function hasPf(device: string): boolean {
  return process.platform !== 'linux' && device.startsWith('pflog');
}
