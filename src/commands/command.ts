// What a command is, and what it is given.

import type { Settings } from '../options/table.js';
import type { Output } from './output.js';

/** What a command works with. */
export interface Context {
  readonly settings: Settings;
  /** The options of the command line, those of the configuration file not among them. */
  readonly given: ReadonlySet<keyof Settings>;
  readonly operands: readonly string[];
  readonly output: Output;
  /** Writes one line for people to standard error. */
  readonly warn: (message: string) => void;
}

/** A command of the program. */
export interface Command {
  readonly name: string;
  /** Operands as the usage line shows them. */
  readonly operands: string;
  readonly summary: string;
  /** At least so many operands, and at most. */
  readonly minimum: number;
  readonly maximum: number;
  /** The options that mean something to it, besides those of every command. */
  readonly options: readonly (keyof Settings)[];
  /** Imported only when the command is chosen: starting up stays fast. */
  readonly load: () => Promise<{ readonly run: (context: Context) => Promise<number> }>;
}
