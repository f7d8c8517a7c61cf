// Help texts, laid out by yargs from the tables of commands and options.

import yargs from 'yargs';
import { OPTIONS, type Settings } from '../options/table.js';
import type { Command } from './command.js';
import { COMMANDS, COMMON_OPTIONS } from './registry.js';
import { version } from './version.js';

/** The help of a command; that of the daemon, which has no name, lists the commands, too. */
export async function helpText(command: Command): Promise<string> {
  const isDaemon = command.name === '';
  const parser = yargs([])
    .scriptName('spamlogd')
    .help(false)
    .version(false)
    .wrap(Math.min(110, Math.max(60, process.stdout.columns || 100)));
  const words = ['$0', command.name, '[OPTION…]', command.operands].filter(Boolean);
  parser.usage(`${words.join(' ')}\n\n${isDaemon ? `spamlogd ${version()}: ` : ''}${command.summary}`);
  if (isDaemon) {
    for (const { name, operands, summary } of COMMANDS) parser.command(`${name} ${operands}`, summary);
  }
  for (const name of [...command.options, ...COMMON_OPTIONS]) addOption(parser, name);
  const more = isDaemon ? '"spamlogd COMMAND --help" tells the options of a command. ' : '';
  parser.epilogue(`${more}See spamlogd(8).`);
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
