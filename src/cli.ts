#!/usr/bin/env node
// The program: from argv to an exit status.

import { main } from './commands/main.js';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read our output has had enough, as head(1) does.
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const status = await main(process.argv.slice(2), process);
// Not exit() at once: what standard output still holds has to be written first.
process.exitCode = status;
process.stdout.write('', () => process.exit(status));
