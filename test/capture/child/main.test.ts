import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type * as CaptureChild from '../../../src/capture/capture-child.js';
import type { CaptureCounts, EndMessage, ReadyMessage } from '../../../src/capture/capture-messages.js';
import type { CaptureProcess } from '../../../src/capture/capture-process.js';
import { parsePcapStream } from '../pcap-stream.js';

const SOURCES = fileURLToPath(new URL('../../../src', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'spamlogd-child-'));
after(() => rmSync(folder, { recursive: true }));

/** A capture process of a copy of the program that finds this in place of the npm package, or no such package. */
interface Run {
  readonly process: CaptureProcess;
  readonly ready: Promise<ReadyMessage>;
  readonly counts: CaptureCounts[];
  readonly end: Promise<EndMessage>;
  /** All of the stream. */
  readonly stream: Promise<Buffer>;
  /** Fulfilled when that many records have come. */
  readonly hasRecords: (count: number) => Promise<void>;
}

let copies = 0;

async function run(engine: 'pcap' | 'cap', device: string, fake?: string): Promise<Run> {
  const root = join(folder, `${++copies}`);
  cpSync(SOURCES, join(root, 'dist/src'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  if (fake !== undefined) {
    const room = join(root, 'node_modules', engine);
    mkdirSync(room, { recursive: true });
    writeFileSync(join(room, 'package.json'), '{"type":"commonjs","main":"index.js"}');
    writeFileSync(join(room, 'index.js'), fake);
  }
  const { startChild } = (await import(
    pathToFileURL(join(root, 'dist/src/capture/capture-child.js')).href
  )) as typeof CaptureChild;
  const counts: CaptureCounts[] = [];
  let onReady!: (ready: ReadyMessage) => void;
  let onEnd!: (end: EndMessage) => void;
  const ready = new Promise<ReadyMessage>(resolve => {
    onReady = resolve;
  });
  const end = new Promise<EndMessage>(resolve => {
    onEnd = resolve;
  });
  const process = startChild(
    { engine, device, ports: [25] },
    { onReady, onEnd, onCounts: news => counts.push(news) },
  );
  const chunks: Buffer[] = [];
  process.stream.on('data', chunk => chunks.push(chunk));
  const stream = once(process.stream, 'end').then(() => Buffer.concat(chunks));
  const hasRecords = async (count: number): Promise<void> => {
    const come = (): number =>
      chunks.length === 0 ? 0 : parsePcapStream(Buffer.concat(chunks)).records.length;
    while (come() < count) await once(process.stream, 'data');
  };
  return { process, ready, counts, end, stream, hasRecords };
}

/** Stands in for npm `pcap`: `deliver(seconds, text)` is a packet, and lines say when. */
const fakePcap = (lines: string): string => `
  const { EventEmitter } = require('node:events');
  const { endianness } = require('node:os');
  exports.lib_version = 'libpcap version 0';
  exports.createSession = (device, options) => {
    exports.warningHandler('SIOCGIFADDR');
    const session = new EventEmitter();
    const keepAlive = setInterval(() => {}, 1e6);
    session.link_type = 'Unknown linktype 117';
    session.buf = Buffer.alloc(options.snap_length);
    session.header = Buffer.alloc(16);
    session.stats = () => ({ ps_drop: 5 });
    const waiting = [];
    let result = 0;
    session.session = {
      read_callback: () => {},
      dispatch: () => {
        for (const [seconds, text] of waiting.splice(0)) {
          const words = new Uint32Array(session.header.buffer, session.header.byteOffset, 4);
          words.set([seconds, 7, text.length, text.length + 1000]);
          session.buf.write(text);
          session.emit('packet');
        }
        return result;
      },
    };
    const deliver = (seconds, text) => waiting.push([seconds, text]);
    const wake = () => session.session.read_callback();
    ${lines}
    return session;
  };`;

function textsOf(data: Buffer): (string | number)[][] {
  return parsePcapStream(data).records.map(({ seconds, microseconds, length, bytes }) => [
    seconds,
    microseconds,
    length,
    bytes.toString(),
  ]);
}

test('started by hand it says that it is not meant to be', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(SOURCES, 'capture/child/main.js')], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  assert.deepEqual({ status, stderr }, { status: 64, stderr: 'This program is started by spamlogd\n' });
});

for (const engine of ['pcap', 'cap'] as const) {
  test(`an engine that does not load is told from other failures (${engine})`, async () => {
    const fake =
      "throw new Error('compiled against a different Node.js version\\nusing NODE_MODULE_VERSION 1')";
    const { end } = await run(engine, 'pflog0', fake);
    assert.deepEqual(await end, {
      type: 'end',
      code: 'engine',
      message: `Cannot use capture engine ${engine}: compiled against a different Node.js version`,
    });
  });
}

for (const engine of ['pcap', 'cap'] as const) {
  for (const [what, fake] of [
    ['is missing', undefined],
    ['was installed without its native part', "require('./build/Release/binding')"],
  ] as const) {
    test(`where an engine's package ${what} the error says what to install (${engine})`, async () => {
      const { end } = await run(engine, 'pflog0', fake);
      assert.deepEqual(await end, {
        type: 'end',
        code: 'engine',
        message:
          `Cannot use capture engine ${engine}: it is not installed; ` +
          `install libpcap's headers (Debian: libpcap-dev) and then npm \`${engine}\``,
      });
    });
  }
}

test('packets are passed on with their own times, whole or cut to the snap length', async () => {
  const { ready, process, end, stream, counts, hasRecords } = await run(
    'pcap',
    'pflog0',
    fakePcap(`
      setTimeout(() => { deliver(1, 'one'); deliver(2, 'two'); wake(); deliver(3, 'x'.repeat(300)); wake(); });`),
  );
  const { linkType, version, engine, filter } = await ready;
  assert.deepEqual(
    { linkType, version, engine },
    { linkType: 117, version: 'libpcap version 0', engine: 'pcap' },
  );
  assert.match(filter, /^action pass and /);
  await hasRecords(3);
  process.stop();
  assert.deepEqual(await end, { type: 'end', code: 'stopped', message: 'told to stop' });
  assert.deepEqual(textsOf(await stream), [
    [1, 7, 1003, 'one'],
    [2, 7, 1003, 'two'],
    [3, 7, 1300, 'x'.repeat(256)],
  ]);
  assert.deepEqual(counts.at(-1), { type: 'stats', received: 3, droppedKernel: 5, droppedQueue: 0 });
});

test('told to stop, it delivers what the kernel still holds', async () => {
  const { ready, process, end, stream } = await run(
    'pcap',
    'pflog0',
    fakePcap(`process.prependListener('SIGTERM', () => deliver(9, 'last'));`),
  );
  await ready;
  process.stop();
  assert.equal((await end).code, 'stopped');
  assert.deepEqual(textsOf(await stream), [[9, 7, 1004, 'last']]);
});

test('an interface that went away ends it', async () => {
  const { end } = await run('pcap', 'pflog0', fakePcap(`setTimeout(() => { result = -1; wake(); });`));
  assert.deepEqual(await end, {
    type: 'end',
    code: 'lost',
    message: 'Lost capture on "pflog0": the interface went away',
  });
});

test('an interface that went away without a word is noticed', async () => {
  const { end } = await run('pcap', 'pflog0', fakePcap(`setTimeout(() => { result = -1; });`));
  assert.equal((await end).message, 'Lost capture on "pflog0": the interface went away');
});

test('an engine whose descriptor libuv gave up is noticed at once', async () => {
  const { end } = await run('pcap', 'pflog0', fakePcap(`setTimeout(() => clearInterval(keepAlive));`));
  assert.equal((await end).message, 'Lost capture on "pflog0": it went down or away');
});

test('an engine that went deaf is noticed, and what it did not announce is not lost', async () => {
  const { end, stream } = await run(
    'pcap',
    'pflog0',
    fakePcap(`let second = 0; setInterval(() => deliver(++second, 'unheard'), 200);`),
  );
  assert.equal((await end).message, 'Lost capture on "pflog0": the engine went deaf');
  const texts = textsOf(await stream);
  assert.ok(texts.length >= 2);
  assert.deepEqual(
    texts.map(([seconds]) => seconds),
    texts.map((_, i) => i + 1),
  );
});

test('an engine that spins is ended', async () => {
  const { end } = await run(
    'pcap',
    'nflog:155',
    fakePcap(`result = -1; const spin = () => { wake(); setImmediate(spin); }; setTimeout(spin);`),
  );
  assert.equal((await end).message, 'Lost capture on "nflog:155": it reports packets and delivers none');
});

test('counts are told again though they did not change, as a sign of life', async () => {
  const { process, counts, end } = await run('pcap', 'pflog0', fakePcap(''));
  while (counts.length < 2) await setTimeout(50);
  assert.deepEqual(counts[0], counts[1]);
  process.stop();
  assert.equal((await end).code, 'stopped');
});

test('a child that aborts is reported with its last line', async () => {
  const { end } = await run(
    'cap',
    'pflog0',
    `exports.Cap = class {
      open() {
        process.stderr.write('Warning: SIOCGIFADDR: pflog0: - This may not actually work\\n');
        setTimeout(() => { process.stderr.write("cb_packets: Assertion failed.\\\\n"); process.abort(); });
        return 'Unknown linktype 117';
      }
      on() {}
    };`,
  );
  const { code, message } = await end;
  assert.equal(code, 'lost');
  assert.match(message, /^Lost capture on "pflog0": the capture child \(cap\) was killed by SIGABRT/);
});

test('npm cap’s packets get the time of their arrival, and each is copied from its one buffer', async () => {
  const before = Math.floor(Date.now() / 1000);
  const { process, end, stream, hasRecords } = await run(
    'cap',
    'nflog:155',
    `exports.Cap = class {
      open(device, filter, size, buffer) { this.buffer = buffer; return 'Unknown linktype 239'; }
      on(event, listener) {
        setTimeout(() => {
          for (const text of ['one', 'three']) { this.buffer.fill(0).write(text); listener(text.length, false); }
        });
        setInterval(() => {}, 1e6);
      }
    };`,
  );
  await hasRecords(2);
  process.stop();
  assert.equal((await end).code, 'stopped');
  const { linkType, records } = parsePcapStream(await stream);
  assert.equal(linkType, 239);
  assert.deepEqual(
    records.map(({ bytes, length }) => [bytes.toString(), length]),
    [
      ['one', 3],
      ['three', 5],
    ],
  );
  for (const { seconds } of records) assert.ok(seconds >= before && seconds <= Date.now() / 1000);
});
