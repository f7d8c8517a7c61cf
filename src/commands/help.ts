// Help texts, laid out by yargs from the tables of commands and options.

import yargs from 'yargs';
import { OPTIONS, type Settings } from '../options/table.js';
import type { Command } from './command.js';
import { COMMANDS, COMMON_OPTIONS } from './registry.js';
import { version } from './version.js';

/** The help of a command, or of the program. */
export async function helpText(command: Command | undefined): Promise<string> {
  const parser = yargs([])
    .scriptName('spamlogd')
    .help(false)
    .version(false)
    .wrap(Math.min(110, Math.max(60, process.stdout.columns || 100)));
  const usage = command
    ? `$0 ${command.name} [OPTION…] ${command.operands}`
    : '$0 COMMAND [OPTION…] [OPERAND…]';
  parser.usage(
    `${usage.trimEnd()}\n\n${command ? command.summary : `spamlogd ${version()}: whitelists mail correspondents`}`,
  );
  if (!command)
    for (const { name, operands, summary } of COMMANDS) parser.command(`${name} ${operands}`, summary);
  for (const name of command ? [...command.options, ...COMMON_OPTIONS] : COMMON_OPTIONS)
    addOption(parser, name);
  parser.epilogue(
    command
      ? 'See spamlogd(8).'
      : '"spamlogd COMMAND --help" tells the options of a command. See spamlogd(8).',
  );
  return `${await parser.getHelp()}\n`;
}

function addOption(parser: ReturnType<typeof yargs>, name: keyof Settings): void {
  const { letter, argument, help, default: fallback } = OPTIONS[name];
  const shown = ['number', 'string'].includes(typeof [fallback].flat()[0]) ? ` [${fallback}]` : '';
  parser.option(name, {
    ...(letter && { alias: letter }),
    describe: `${argument ? `${argument}: ` : ''}${help}${shown}`,
  });
}
