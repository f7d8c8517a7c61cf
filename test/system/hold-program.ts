// Holds signals until its standard input ends; with an argument it listens to SIGINT itself.

import { once } from 'node:events';
import { holdSignals } from '../../src/system/hold-signals.js';

if (process.argv.length > 2) process.on('SIGINT', () => process.stdout.write('heard\n'));
await holdSignals(async () => {
  process.stdout.write('working\n');
  await once(process.stdin.resume(), 'end');
  process.stdout.write('done\n');
});
process.stdout.write('afterwards\n');
