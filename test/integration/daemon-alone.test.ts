import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { noDatagrams, receiveDatagrams } from '../system/unix-datagrams.js';
import { STREAM_HEADER, synRecord } from './pflog-stream.js';
import { inFolder, isAlive, makeFifo, openFifo, UNPRIVILEGED, until } from './running-daemon.js';

/** One line, for people. */
const ONE_LINE = /^spamlogd: [^\n]+\n$/;

test('a second daemon on the same database refuses in one line', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const daemon = folder.start('-l', './log');
    await daemon.logged(/^capturing on /i);
    const args = ['-D', '-l', './log', '--database', folder.database, '--control-socket', folder.at('other')];
    const { status, stderr } = folder.run(...args);
    assert.equal(status, 69);
    assert.match(
      stderr,
      new RegExp(`^spamlogd: Cannot have database ".*/db" alone: .* process ${daemon.pid} holds it\n$`),
    );
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
  });
});

test('the same database by another name is the same database', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    mkdirSync(folder.at('elsewhere'));
    chmodSync(folder.at('elsewhere'), 0o777);
    symlinkSync('../db', folder.at('elsewhere/linked'));
    symlinkSync('.', folder.at('itself'));
    // The first has it by a link that leads nowhere yet.
    const daemon = folder.start('-l', './log', '--database', './elsewhere/linked');
    await daemon.logged(/^capturing on /i);
    assert.ok(existsSync(folder.at('db.lock')));
    const secondOn = (database: string): string => {
      const others = ['-D', '-l', './log', '--control-socket', folder.at('other')];
      const { status, stderr } = folder.run(...others, '--database', database);
      assert.equal(status, 69, database);
      return stderr;
    };
    for (const name of ['db', './elsewhere/../db', './elsewhere/linked', './itself/db', 'itself/itself/db']) {
      assert.match(
        secondOn(name),
        new RegExp(` alone: .*/db.lock": process ${daemon.pid} holds it\n$`),
        name,
      );
    }
    linkSync(folder.at('db'), folder.at('elsewhere/hard'));
    const names = 'the file has 2 names (hard links), and another daemon could have it by another one';
    assert.match(secondOn('./elsewhere/hard'), ONE_LINE);
    assert.ok(secondOn('./elsewhere/hard').endsWith(`/elsewhere/hard" alone: ${names}\n`));
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
  });
});

test('a second daemon on the same pid file, or the same control socket, refuses in one line', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const daemon = folder.start('-l', './log', '--pid-file', 'pid');
    await daemon.logged(/^capturing on /i);
    assert.equal(readFileSync(folder.at('pid'), 'utf8'), `${daemon.pid}\n`);
    const others = ['-D', '-l', './log', '--database', './other'];
    const second = folder.run(...others, '--control-socket', './other.sock', '--pid-file', './pid');
    assert.equal(second.status, 69);
    assert.match(
      second.stderr,
      new RegExp(`^spamlogd: Cannot claim pid file ".*/pid": process ${daemon.pid} holds it\n$`),
    );
    const third = folder.run(...others, '--control-socket', './control');
    assert.equal(third.status, 69);
    assert.match(
      third.stderr,
      /^spamlogd: Cannot open control socket ".*\/control": another process listens there\n$/,
    );
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
    assert.equal(existsSync(folder.at('pid')), false);
    assert.equal(existsSync(folder.at('control')), false);
  });
});

test("what a killed daemon left behind is in nobody's way", async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const first = folder.start('-l', './log', '--pid-file', 'pid');
    await first.logged(/^capturing on /i);
    await first.kill();
    for (const name of ['pid', 'control', 'db.lock']) assert.ok(existsSync(folder.at(name)), name);
    const second = folder.start('-l', './log', '--pid-file', 'pid');
    await second.logged(/^capturing on /i);
    assert.equal(readFileSync(folder.at('pid'), 'utf8'), `${second.pid}\n`);
    assert.equal(folder.status().pid, second.pid);
  });
});

test('in the background: the launcher ends with 0 when the daemon captures, and the daemon goes on', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    writeFileSync(folder.at('config'), '');
    const { status, stderr } = folder.run(
      '-l',
      './log',
      '--config',
      'config',
      '--pid-file',
      'pid',
      ...folder.options,
    );
    assert.deepEqual([status, stderr], [0, '']);
    const pid = Number(readFileSync(folder.at('pid'), 'utf8'));
    try {
      assert.equal(folder.status().pid, pid);
      const writer = await openFifo(folder.at('log'));
      writer.write(Buffer.concat([STREAM_HEADER, synRecord('192.0.2.1')]));
      await until(() => folder.rows().length === 1);
      // The configuration was named by a relative path, and the daemon has left the folder.
      writeFileSync(folder.at('config'), 'ignore = ["192.0.2.0/24"]\n');
      process.kill(pid, 'SIGHUP');
      await until(() => {
        writer.write(synRecord('192.0.2.3'));
        return Object.keys(folder.status().ignored).length > 0;
      });
      writer.end();
      process.kill(pid, 'SIGTERM');
      await until(() => !isAlive(pid));
      assert.equal(existsSync(folder.at('pid')), false);
    } finally {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
  });
});

test('in the background: a start-up that fails says so in one line and a status', async () => {
  await inFolder(async folder => {
    const cases: [number, RegExp, string[]][] = [
      [66, /Cannot read ".*\/missing": /, ['-l', './missing']],
      [66, /Cannot read ".*": is a folder/, ['-l', './']],
      [1, /Cannot capture on "nflog:25": /, ['-l', 'nflog:25']],
      [
        69,
        /Cannot open control socket ".*": no such folder/,
        ['-l', './missing', '--control-socket', './no/control'],
      ],
      [69, /Cannot have database "\/proc\/db" alone/, ['-l', './missing', '--database', '/proc/db']],
    ];
    for (const [expected, pattern, args] of cases) {
      const { status, stderr } = folder.run(...folder.options, ...args);
      assert.match(stderr, ONE_LINE);
      assert.match(stderr, pattern);
      assert.equal(status, expected, stderr);
    }
  });
});

test('a usage error is one line and status 64', async () => {
  await inFolder(async folder => {
    const cases: [RegExp, string[]][] = [
      [/"-l -" reads standard input, which needs -D/, ['-l', '-']],
      [/"--log json" writes to standard error, which needs -D/, ['--log', 'json', '-l', './log']],
      [/"--capture-engine" must be /, ['-D', '--capture-engine', 'dpdk']],
      [/"--whiteexp" must be hours from 1 to 2160/, ['-DIW0']],
      [/unknown option "-x"/, ['-x']],
      [/option "-l" needs a value/, ['-D', '-l']],
      [/want nflog:GROUP/, ['-D', '-l', 'nflog:99999999', ...folder.options]],
    ];
    for (const [pattern, args] of cases) {
      const { status, stderr } = folder.run(...args);
      assert.match(stderr, ONE_LINE);
      assert.match(stderr, pattern);
      assert.equal(status, args.includes('nflog:99999999') ? 69 : 64, stderr);
    }
  });
});

test('the service manager is told that the daemon captures, or why it cannot', {
  skip: noDatagrams || (process.platform !== 'linux' && 'needs abstract sockets'),
}, async () => {
  const socket = `@spamlogd-test-${process.pid}`;
  const manager = await receiveDatagrams(socket);
  try {
    const env = { ...process.env, NOTIFY_SOCKET: socket };
    await inFolder(
      async folder => {
        makeFifo(folder.at('log'));
        const daemon = folder.start('-l', './log');
        assert.match(await manager.next(), /^READY=1\nSTATUS=Capturing on ".*\/log" with stream/);
        daemon.signal('SIGTERM');
        assert.equal(await manager.next(), 'STOPPING=1');
        assert.equal(await daemon.ended(), 0);
        const failing = folder.start('-l', './missing');
        assert.match(await manager.next(), /^STATUS=Cannot read ".*\/missing": /);
        assert.equal(await manager.next(), 'STOPPING=1');
        assert.equal(await failing.ended(), 66);
      },
      { ...UNPRIVILEGED, env },
    );
  } finally {
    manager.close();
  }
});
