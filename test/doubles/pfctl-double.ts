// A pf of its own for a test: a directory for the double of pfctl(8), and the runner's options to reach it.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunnerOptions } from '../../src/table/runner.js';
import { initialState, loadState, type PfState, saveState } from './pfctl-state.js';

const SCRIPT = fileURLToPath(new URL('pfctl.js', import.meta.url));

/** A pf that lives as long as the test. */
export class PfctlDouble {
  readonly #directory = mkdtempSync(join(tmpdir(), 'pfctl-double-'));

  constructor(state: Partial<PfState> = {}) {
    saveState(this.#directory, { ...initialState(), ...state });
  }

  /** What makes a runner run the double for pfctl. */
  get commands(): NonNullable<RunnerOptions['commands']> {
    return { pfctl: [process.execPath, SCRIPT, this.#directory] };
  }

  /** Puts a program `pfctl` into a folder that runs the double. */
  install(folder: string): void {
    const command = [process.execPath, SCRIPT, this.#directory].map(word => `'${word}'`).join(' ');
    writeFileSync(join(folder, 'pfctl'), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  }

  get state(): PfState {
    return loadState(this.#directory);
  }

  /** Changes pf behind the back of whoever uses it. */
  change(edit: (state: PfState) => void): void {
    const state = this.state;
    edit(state);
    saveState(this.#directory, state);
  }

  /** The arguments of every run so far. */
  get calls(): string[][] {
    return this.#log('calls') as string[][];
  }

  /** What every run with an open /dev/pf so far was told to use, and which device was open there. */
  get devices(): { device: string; rdev: number }[] {
    return this.#log('devices') as { device: string; rdev: number }[];
  }

  #log(name: string): unknown[] {
    const path = join(this.#directory, name);
    const log = existsSync(path) ? readFileSync(path, 'utf8') : '';
    return log
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line));
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true });
  }
}
