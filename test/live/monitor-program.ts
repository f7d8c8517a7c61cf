// The daemon with a shorter time to end in, for daemon-stop.test.ts: its first argument, in milliseconds, before the
// command line in whose place it runs.

import { runDaemon } from '../../src/daemon/run-daemon.js';
import { parseArgv } from '../../src/options/argv.js';
import { readSettings } from '../../src/options/settings.js';

const [stopMs, , , ...argv] = process.argv.slice(2);
const read = (): ReturnType<typeof readSettings> => readSettings(parseArgv(argv));
const status = await runDaemon({
  settings: await read(),
  version: '0',
  reload: read,
  onReady: () => {},
  warn: line => void process.stderr.write(`${line}\n`),
  stopMs: Number(stopMs),
});
process.exit(status);
