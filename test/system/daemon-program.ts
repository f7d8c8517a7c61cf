// A program that daemonizes, for daemonize.test.ts: started again by its launcher it does what its argument says.

import { writeFileSync } from 'node:fs';
import { findLauncher, launchDaemon } from '../../src/system/daemonize.js';

const launcher = findLauncher();
const [order, file, fd] = process.argv.slice(2);
if (launcher) {
  process.stderr.write('starting\n');
  if (order === 'fail') process.exitCode = 3;
  if (order === 'die') process.kill(process.pid, 'SIGKILL');
  if (order === 'wait') {
    process.once('SIGTERM', () => {
      writeFileSync(file!, 'ended by SIGTERM');
      process.exit(0);
    });
    writeFileSync(file!, `${process.pid}`);
    setInterval(() => {}, 1_000_000);
  }
  if (order === 'late') {
    writeFileSync(file!, `${process.pid}`);
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid === parent) return;
      launcher.release();
      writeFileSync(file!, 'runs');
    }, 20);
  }
  if (order === 'run') {
    launcher.release();
    process.stderr.write('said after the release\n');
    const environment = Object.keys(process.env).filter(name => name.startsWith('SPAMLOGD'));
    writeFileSync(file!, JSON.stringify({ pid: process.pid, cwd: process.cwd(), environment }));
    setInterval(() => {}, 1_000_000);
  }
} else {
  const [, program] = process.argv;
  process.exitCode = await launchDaemon({
    file: program!,
    args: [order!, file!, ...(fd === undefined ? [] : [fd])],
    stderr: process.stderr,
    ...(fd !== undefined && { inheritedFd: Number(fd) }),
  });
}
