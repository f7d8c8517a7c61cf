import assert from 'node:assert/strict';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseExposition } from '../metrics/parse-exposition.js';
import { addresses, STREAM_HEADER, synRecord, synStream } from './pflog-stream.js';
import { inFolder, makeFifo, openFifo, until } from './running-daemon.js';

test('a sighting written to a FIFO is in the database at once, and its refresh a second later', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const daemon = folder.start('-l', './log');
    await daemon.logged(/^capturing on /i);
    const writer = await openFifo(folder.at('log'));
    writer.write(STREAM_HEADER);
    writer.write(synRecord('192.0.2.1'));
    await daemon.logged(/^whitelisting 192\.0\.2\.1$/);
    assert.deepEqual(
      folder.rows().map(({ ip, pcount }) => [ip, pcount]),
      [['192.0.2.1', 0]],
    );
    writer.write(synRecord('192.0.2.1', 'out'));
    await daemon.logged(/^outbound 192\.0\.2\.1$/);
    await until(() => folder.rows()[0]!.pcount === 1);
    writer.end();
    // The next one to write is read, too.
    const next = await openFifo(folder.at('log'));
    next.end(synStream(['192.0.2.2']));
    await daemon.logged(/^whitelisting 192\.0\.2\.2$/);
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
    assert.equal(daemon.lines.at(-1)!.msg, 'exiting');
    assert.deepEqual(
      daemon.lines.filter(({ level }) => level >= 40),
      [],
    );
  });
});

test('what was written before SIGTERM is committed before it ends', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const daemon = folder.start('-l', './log', '--flush-interval', '3600', '--log-level', 'info');
    await daemon.logged(/^capturing on /i);
    const writer = await openFifo(folder.at('log'));
    const many = addresses(5000);
    await new Promise(resolve => writer.write(synStream([...many, ...many]), resolve));
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
    assert.equal(folder.rows().length, many.length);
    assert.ok(folder.rows().every(({ pcount }) => pcount === 1));
    writer.destroy();
  });
});

test('standard input is read to its end', async () => {
  await inFolder(async folder => {
    const many = addresses(20_000);
    const { status } = folder.feed(
      synStream(many),
      '-D',
      '--log-level',
      'info',
      '-l',
      '-',
      ...folder.options,
    );
    assert.equal(status, 0);
    assert.equal(folder.rows().length, many.length);
  });
});

test('a file is read to its end', async () => {
  await inFolder(async folder => {
    writeFileSync(folder.at('log'), synStream(['192.0.2.1', '192.0.2.1', '192.0.2.2']));
    assert.equal(folder.run('-D', '-l', './log', ...folder.options).status, 0);
    assert.deepEqual(
      folder.rows().map(({ ip, pcount }) => [ip, pcount]),
      [
        ['192.0.2.1', 1],
        ['192.0.2.2', 0],
      ],
    );
  });
});

test('a stream that is no capture is said, and ends with status 65', async () => {
  await inFolder(async folder => {
    const { status, stderr } = folder.feed(Buffer.from('x'.repeat(100)), '-D', '-l', '-', ...folder.options);
    assert.equal(status, 65);
    assert.match(stderr, /capture stream is not a capture file/);
  });
});

test('a folder is no capture, and an error in one line', async () => {
  await inFolder(async folder => {
    const { status, stderr } = folder.run('-D', '--log', 'text', '-l', '/tmp/', ...folder.options);
    assert.equal(status, 66);
    assert.equal(stderr.match(/Cannot read "\/tmp": is a folder/g)?.length, 1, stderr);
  });
});

test('a stream that ends inside a record is told with the byte, and what came before counts', async () => {
  await inFolder(async folder => {
    const whole = synStream(['192.0.2.1']);
    const cut = Buffer.concat([whole, synRecord('192.0.2.2').subarray(0, 70)]);
    const options = ['-D', '--log', 'text', '--log-level', 'info', ...folder.options];
    const { status, stderr } = folder.feed(cut, ...options, '-l', '-');
    assert.equal(status, 0);
    const line = new RegExp(`capture stream ends inside a record that begins at byte ${whole.length}$`, 'gm');
    assert.equal(stderr.match(line)?.length, 1, stderr);
    writeFileSync(folder.at('log'), cut.subarray(0, 20));
    const header = folder.run(...options, '-l', './log');
    assert.equal(header.status, 0);
    assert.match(header.stderr, /capture stream ends inside the file header that begins at byte 0$/m);
    writeFileSync(folder.at('log'), whole);
    assert.doesNotMatch(folder.run(...options, '-l', './log').stderr, /ends inside/);
    assert.deepEqual(
      folder.rows().map(({ ip }) => ip),
      ['192.0.2.1'],
    );
  });
});

test('the status tells what happened, on a socket that is for its owner only', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const daemon = folder.start('-l', './log');
    await daemon.logged(/^capturing on /i);
    assert.equal(statSync(folder.at('control')).mode & 0o7777, 0o600);
    const writer = await openFifo(folder.at('log'));
    const blocked = synRecord('192.0.2.9');
    blocked[18] = 1;
    writer.write(
      Buffer.concat([
        STREAM_HEADER,
        synRecord('192.0.2.1'),
        synRecord('192.0.2.1'),
        synRecord('192.0.2.2', 'out'),
        blocked,
      ]),
    );
    await daemon.logged(/^whitelisting 192\.0\.2\.2$/);
    const status = folder.status();
    assert.equal(status.pid, daemon.pid);
    assert.equal(status.source, folder.at('log'));
    assert.deepEqual([status.packets, status.sightings, status.inbound, status.outbound], [4, 3, 2, 1]);
    assert.equal(
      Object.values(status.ignored).reduce((sum, count) => sum + count),
      1,
    );
    assert.equal(status.malformed, 0);
    assert.ok(status.lastPacket !== null && status.database.lastFlush !== null);
    assert.deepEqual(
      [status.capture.state, status.capture.engine, status.capture.linkType],
      ['capturing', 'stream', 117],
    );
    assert.deepEqual(
      [status.database.added, status.database.writtenSightings, status.database.waiting],
      [2, 3, 0],
    );
    const socket = ['--control-socket', folder.at('control')];
    const metrics = parseExposition(folder.run('status', '--metrics', ...socket).stdout);
    assert.deepEqual(metrics.get('spamlogd_packets_total')?.samples, [{ labels: {}, value: 4 }]);
    assert.deepEqual(metrics.get('spamlogd_capture_up')?.samples, [{ labels: {}, value: 1 }]);
    const both = folder.run('status', '--metrics', '--json', ...socket);
    assert.equal(both.status, 64);
    assert.match(both.stderr, /^spamlogd: options "--json" and "--metrics" exclude each other\n/);
    const text = folder.run('status', '--control-socket', folder.at('control'));
    assert.equal(text.status, 0);
    assert.match(text.stdout, /^sightings +3$/m);
    daemon.signal('SIGUSR1');
    assert.match(
      await daemon.logged(/^status: /),
      /capturing, 4 packets, 3 sightings, 2 added, 0 refreshed, 0 waiting, 0 dropped, 0 capture restarts$/,
    );
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
    const after = folder.run('status', '--control-socket', folder.at('control'));
    assert.equal(after.status, 69);
    assert.match(after.stderr, /^spamlogd: Cannot ask the daemon at ".*": there is no such socket/);
    writer.destroy();
  });
});

test('SIGHUP reads the configuration again, a bad one changes nothing, and the counts go on', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    writeFileSync(folder.at('config'), 'ignore = ["192.0.2.0/24"]\n');
    const daemon = folder.start('-l', './log', '--config', 'config');
    await daemon.logged(/^capturing on /i);
    const writer = await openFifo(folder.at('log'));
    writer.write(Buffer.concat([STREAM_HEADER, synRecord('192.0.2.1'), synRecord('198.51.100.1')]));
    await daemon.logged(/^whitelisting 198\.51\.100\.1$/);

    writeFileSync(folder.at('config'), 'whiteexp = "long"\n');
    daemon.signal('SIGHUP');
    assert.match(await daemon.logged(/going on with the configuration as it was$/), /key "whiteexp"/);
    writer.write(Buffer.concat([synRecord('192.0.2.2'), synRecord('198.51.100.2')]));
    await daemon.logged(/^whitelisting 198\.51\.100\.2$/);

    writeFileSync(folder.at('config'), 'ignore = []\nwhiteexp = 1\nuser = "other"\n');
    daemon.signal('SIGHUP');
    await daemon.logged(/^configuration read again$/);
    await daemon.logged(/^changed, but only at the next start: user$/);
    writer.write(synRecord('192.0.2.3'));
    await daemon.logged(/^whitelisting 192\.0\.2\.3$/);
    const rows = folder.rows();
    assert.deepEqual(
      rows.map(({ ip }) => ip),
      ['192.0.2.3', '198.51.100.1', '198.51.100.2'],
    );
    assert.ok(rows[0]!.expire <= Date.now() / 1000 + 3600);
    assert.ok(rows[1]!.expire > Date.now() / 1000 + 86_400);
    const { packets, sightings, ignored } = folder.status();
    assert.deepEqual([packets, sightings, Object.values(ignored)], [5, 3, [2]]);
    writer.destroy();
  });
});

test('a reader of the log who stopped reading holds up neither the work nor the end', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    const daemon = folder.start('-l', './log');
    await daemon.logged(/^capturing on /i);
    daemon.process.stderr!.pause();
    const writer = await openFifo(folder.at('log'));
    const many = addresses(30_000);
    writer.end(synStream(many));
    await until(() => folder.rows().length === many.length);
    assert.ok(folder.status().drops.log > 0);
    const exit = once(daemon.process, 'exit');
    daemon.signal('SIGTERM');
    assert.deepEqual(await exit, [0, null]);
  });
});
