// Chooses the command that a command line asks for, runs it, and turns what happens into an exit status.

import { parseArgv } from '../options/argv.js';
import { unknownName } from '../options/nearest.js';
import { readSettings } from '../options/settings.js';
import { UsageError } from '../options/usage-error.js';
import type { Command } from './command.js';
import { EXIT, exitStatus } from './exit-status.js';
import { printable } from './format.js';
import { Output } from './output.js';
import { COMMANDS, COMMON_OPTIONS, DAEMON } from './registry.js';

/** The streams of the process. */
export interface Streams {
  readonly stdout: NodeJS.WritableStream & { readonly columns?: number };
  readonly stderr: NodeJS.WritableStream;
}

/** Runs the program; gives the exit status. Errors it foresees become one line on standard error. */
export async function main(argv: readonly string[], streams: Streams): Promise<number> {
  const warn = (message: string): void => {
    streams.stderr.write(`spamlogd: ${printable(message)}\n`);
  };
  const output = new Output(streams.stdout as never);
  try {
    return await runCommand(argv, output, warn);
  } catch (error) {
    const status = exitStatus(error);
    if (status === undefined) throw error;
    await output.flush();
    warn((error as Error).message);
    return status;
  }
}

async function runCommand(
  argv: readonly string[],
  output: Output,
  warn: (message: string) => void,
): Promise<number> {
  const commandLine = parseArgv(argv);
  const [name, ...operands] = commandLine.operands;
  const isAsked = (flag: 'help' | 'version'): boolean => commandLine.options.get(flag)?.at(-1) === 'true';
  if (isAsked('version')) {
    const { version } = await import('./version.js');
    output.add(`spamlogd ${version()}\n`);
    await output.flush();
    return EXIT.ok;
  }
  const command = name === undefined ? DAEMON : findCommand(name);
  if (isAsked('help')) {
    const { helpText } = await import('./help.js');
    output.add(await helpText(command));
    await output.flush();
    return EXIT.ok;
  }
  checkUsage(command, [...commandLine.options.keys()], operands.length);
  const settings = await readSettings(commandLine);
  const { run } = await command.load();
  const status = await run({ settings, given: new Set(commandLine.options.keys()), operands, output, warn });
  await output.flush();
  return status;
}

function findCommand(name: string): Command {
  const names = COMMANDS.map(command => command.name);
  const command = COMMANDS[names.indexOf(name)];
  if (command === undefined) throw new UsageError(unknownName('command', name, names));
  return command;
}

function checkUsage(command: Command, options: readonly string[], operands: number): void {
  const known: readonly string[] = [...COMMON_OPTIONS, ...command.options];
  const stranger = options.find(name => !known.includes(name));
  if (stranger !== undefined)
    throw new UsageError(
      `option "--${stranger}" is not for ${command.name === '' ? 'the daemon' : `"${command.name}"`}`,
    );
  if (operands < command.minimum) throw new UsageError(`"${command.name}" needs ${command.operands}`);
  if (operands > command.maximum)
    throw new UsageError(
      `"${command.name}" takes ${command.operands === '' ? 'no operand' : `only ${command.operands}`}`,
    );
}
