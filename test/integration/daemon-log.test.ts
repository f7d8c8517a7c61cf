import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { isRoot } from '../../src/system/privileges.js';
import { missing } from '../support/cli.js';
import { addresses, synStream } from './pflog-stream.js';
import { CLI, type Folder, inFolder, makeFifo, openFifo, UNPRIVILEGED, until } from './running-daemon.js';

/** Runs a command with a terminal as its standard error that nobody reads, says its process id, ends with its status. */
const WITH_TERMINAL = `
import os, pty, subprocess, sys
reader, terminal = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=terminal)
print(child.pid, flush=True)
sys.exit(child.wait())`;

/** A daemon whose log nobody reads; gives its process id, and its end. */
interface Unread {
  readonly pid: number;
  readonly ended: Promise<unknown[]>;
}

type Start = (folder: Folder, command: string[], options: object) => Promise<Unread>;

function unread(child: ChildProcess, pid: number = child.pid!): Unread {
  return { pid, ended: once(child, 'exit') };
}

/** How a process ended, which is killed when that takes too long. */
async function within(seconds: number, pid: number, ended: Promise<unknown[]>): Promise<unknown[]> {
  const timer = setTimeout(() => process.kill(pid, 'SIGKILL'), seconds * 1000);
  return ended.finally(() => clearTimeout(timer));
}

const READERS: readonly { name: string; skip: string | false; start: Start }[] = [
  {
    name: 'socket',
    skip: false,
    start: async (_folder, [file, ...args], options) =>
      unread(spawn(file!, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })),
  },
  {
    name: 'pipe',
    skip: false,
    start: async (folder, [file, ...args], options) => {
      makeFifo(folder.at('stderr'));
      const fd = openSync(folder.at('stderr'), 'r+');
      const child = unread(spawn(file!, args, { ...options, stdio: ['ignore', 'ignore', fd] }));
      void child.ended.then(() => closeSync(fd));
      return child;
    },
  },
  {
    name: 'terminal',
    skip: missing('python3'),
    start: async (_folder, command, options) => {
      const args = ['-c', WITH_TERMINAL, ...command];
      const child = spawn('python3', args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
      const [pid] = await once(createInterface(child.stdout!), 'line');
      return unread(child, Number(pid));
    },
  },
];

const WAYS = [
  { name: 'without privileges', skip: false as string | false, args: [], options: UNPRIVILEGED },
  {
    name: 'as root',
    skip: isRoot() ? (false as const) : 'needs root',
    args: ['--user', 'nobody'],
    options: {},
  },
];

for (const way of WAYS) {
  for (const reader of READERS) {
    test(`${way.name}: a ${reader.name} that nobody reads as standard error holds up neither the work nor the end`, {
      skip: way.skip || reader.skip,
    }, async () => {
      await inFolder(async folder => {
        makeFifo(folder.at('log'));
        const command = [process.execPath, CLI, '-D', '-l', './log', ...way.args, ...folder.options];
        const { pid, ended } = await reader.start(folder, command, { cwd: folder.path, ...way.options });
        const writer = await openFifo(folder.at('log'));
        const many = addresses(30_000);
        writer.end(synStream(many));
        await until(() => folder.rows().length === many.length);
        assert.ok(folder.status().drops.log > 0);
        process.kill(pid, 'SIGTERM');
        assert.deepEqual(await within(60, pid, ended), [0, null]);
      });
    });
  }

  test(`${way.name}: a slow reader of standard error has every line, and the last one`, {
    skip: way.skip,
  }, async () => {
    await inFolder(async folder => {
      makeFifo(folder.at('log'));
      const args = ['-l', './log', ...way.args];
      const daemon =
        isRoot() && way.args.length > 0 ? folder.startAsRoot([], ...args) : folder.start(...args);
      await daemon.logged(/^capturing on /i);
      const { stderr } = daemon.process;
      stderr!.pause();
      const writer = await openFifo(folder.at('log'));
      const many = addresses(2000);
      writer.end(synStream(many));
      await until(() => folder.rows().length === many.length);
      assert.equal(folder.status().drops.log, 0);
      daemon.signal('SIGTERM');
      // All but the log has ended by then.
      await until(() => !existsSync(folder.at('db.lock')));
      const reading = setInterval(() => {
        stderr!.resume();
        setImmediate(() => stderr!.pause());
      }, 50);
      void once(daemon.process, 'exit').then(() => {
        clearInterval(reading);
        stderr!.resume();
      });
      assert.equal(await daemon.ended(), 0);
      assert.deepEqual(daemon.other, []);
      for (const what of ['inbound', 'whitelisting']) {
        const said = daemon.lines.filter(({ msg }) => msg.startsWith(`${what} `));
        assert.equal(said.length, many.length, what);
      }
      assert.equal(daemon.lines.at(-1)!.msg, 'exiting');
    });
  });
}
