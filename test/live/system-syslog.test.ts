import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import type { DatagramReceiver } from '../system/unix-datagrams.js';
import { noOwnSyslog, type OwnSyslog, startOwnSyslog } from './own-syslog.js';

const MODULE = new URL('../../src/system/syslog.js', import.meta.url).href;

let own: OwnSyslog;
let syslogd: DatagramReceiver;
before(async () => {
  if (noOwnSyslog) return;
  own = await startOwnSyslog();
  ({ syslogd } = own);
});
after(() => own?.close());

/** Runs a few lines with an open sink in a process of its own; gives its pid and what it printed. */
async function run(lines: string, queueLines = 1000): Promise<{ pid: number; said: string }> {
  const script = `import { LOG_DAEMON, SyslogSink } from '${MODULE}';
    const log = new SyslogSink({ ident: 'spamlogd', facility: LOG_DAEMON, queueLines: ${queueLines} });
    ${lines}`;
  const [file, ...args] = [...own.inside, process.execPath, '--input-type=module', '-e', script];
  const child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', data => {
    said += data;
  });
  const [code] = await new Promise<unknown[]>(resolve => child.once('close', (...end) => resolve(end)));
  assert.equal(code, 0);
  return { pid: child.pid!, said };
}

test('a line has ident, pid, facility and level, and is one line', { skip: noOwnSyslog }, async () => {
  const { pid } = await run(`
    log.write('debug', 'inbound 192.0.2.1');
    log.write('err', 'two\\nlines\\0 and %s %n');
    log.close();`);
  assert.equal(await own.nextLine(), `<31>spamlogd[${pid}]: inbound 192.0.2.1`);
  assert.equal(await own.nextLine(), `<27>spamlogd[${pid}]: two lines  and %s %n`);
});

test('the last line before process.exit() is not lost', { skip: noOwnSyslog }, async () => {
  const { pid } = await run(`
    for (let i = 0; i < 200; i++) log.write('info', 'line ' + i);
    process.exit(0);`);
  for (let i = 0; i < 200; i++) assert.equal(await own.nextLine(), `<30>spamlogd[${pid}]: line ${i}`);
});

test('a syslogd that stands still holds nobody, and the log says how many lines it missed', {
  skip: noOwnSyslog,
}, async () => {
  syslogd.process.kill('SIGSTOP');
  const { pid, said } = await run(
    `for (let i = 0; i < 3000; i++) log.write('info', 'line ' + i);
     process.kill(${syslogd.process.pid}, 'SIGCONT');
     console.log(JSON.stringify([log.drain(60000), log.dropped]));
     log.write('notice', 'on again');
     log.close();`,
    1000,
  );
  const [drained, dropped] = JSON.parse(said);
  assert.equal(drained, true);
  assert.ok(dropped > 0 && dropped <= 2000, `${dropped} dropped`);
  // What was dropped may be told in between, as soon as there is room again.
  let lines = 0;
  let told = 0;
  for (
    let line = await own.nextLine();
    line !== `<29>spamlogd[${pid}]: on again`;
    line = await own.nextLine()
  ) {
    const report = /: (\d+) log messages dropped: syslogd does not keep up$/.exec(line);
    if (report) told += Number(report[1]);
    else {
      assert.match(line, /^<30>spamlogd\[\d+\]: line \d+$/);
      lines++;
    }
  }
  assert.deepEqual([lines, told], [3000 - dropped, dropped]);
});
