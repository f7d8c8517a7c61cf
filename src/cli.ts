#!/usr/bin/env node
// The program: from argv to an exit status.

import { EXIT } from './commands/exit-status.js';
import { main } from './commands/main.js';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read our output has had enough, as head(1) does.
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  process.stderr.write(`spamlogd: Cannot write to standard output: ${error.message}\n`);
  process.exit(EXIT.ioError);
});
// Where nobody reads our messages the work goes on all the same.
process.stderr.on('error', () => {});

process.on('uncaughtException', error => {
  // A reader of standard error who takes nothing does not keep the process.
  setTimeout(() => process.exit(EXIT.software), 1000);
  process.stderr.write(`spamlogd: internal error: ${error.stack}\n`, () => process.exit(EXIT.software));
});

const status = await main(process.argv.slice(2), process);
// Not exit() at once: what standard output still holds has to be written first.
process.exitCode = status;
process.stdout.write('', () => process.exit(status));
