import assert from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ReadyMessage } from '../../src/capture/capture-messages.js';
import { RelayWriter, readRelay } from '../../src/capture/capture-relay.js';

function readyMessage(version: string): ReadyMessage {
  return { type: 'ready', engine: 'pcap', version, linkType: 239, filter: '', uid: 1, gid: 1 };
}

async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}

test('sessions arrive as they were, however the pipe cuts them', async () => {
  const session = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(session, { maxLength: 4 }),
      fc.integer({ min: 1, max: 40 }),
      async (sessions, cut) => {
        const pipe = new PassThrough();
        const writer = new RelayWriter(pipe);
        const relayed = sessions.map((chunks, i) =>
          writer.relay({
            ready: readyMessage(`${i}`),
            stream: Readable.from(chunks.map(chunk => Buffer.from(chunk))),
          }),
        );
        await Promise.all(relayed);
        pipe.end();
        const bytes = Buffer.from(await readAll(pipe), 'latin1');
        const cuts = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, i) =>
          bytes.subarray(i * cut, (i + 1) * cut),
        );

        const received: [string, Promise<string>][] = [];
        await readRelay(Readable.from(cuts), ({ ready, stream }) => {
          received.push([ready.version, readAll(stream)]);
        });
        assert.deepEqual(
          await Promise.all(received.map(async ([version, text]) => [version, await text])),
          sessions.map((chunks, i) => [`${i}`, Buffer.concat(chunks).toString('latin1')]),
        );
      },
    ),
  );
});

test('a reader that stands still holds up the writer, and loses nothing', async () => {
  const pipe = new PassThrough({ highWaterMark: 1000 });
  let taken = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    for (; taken < 1000; taken++) yield Buffer.alloc(1000, taken);
  }
  const relayed = new RelayWriter(pipe)
    .relay({ ready: readyMessage(''), stream: Readable.from(endless(), { highWaterMark: 1 }) })
    .then(() => pipe.end());
  let stream: Readable | undefined;
  const read = readRelay(pipe, session => {
    stream = session.stream;
  });
  for (let turn = 0; turn < 1000; turn++) await new Promise(setImmediate);
  assert.ok(taken < 200, `${taken} taken`);
  assert.equal((await readAll(stream!)).length, 1_000_000);
  await Promise.all([relayed, read]);
});

test('a pipe that ends in the middle ends the session', async () => {
  const pipe = new PassThrough();
  const source = new PassThrough();
  void new RelayWriter(pipe).relay({ ready: readyMessage(''), stream: source });
  source.write('some');
  const texts: Promise<string>[] = [];
  const read = readRelay(pipe, ({ stream }) => texts.push(readAll(stream)));
  await new Promise(setImmediate);
  pipe.end();
  await read;
  assert.deepEqual(await Promise.all(texts), ['some']);
});

test('a session whose reader destroyed it is passed over', async () => {
  const pipe = new PassThrough();
  const writer = new RelayWriter(pipe);
  const texts: Promise<string>[] = [];
  const read = readRelay(pipe, ({ ready, stream }) => {
    if (ready.version === 'bad') stream.destroy();
    else texts.push(readAll(stream));
  });
  const big = Array.from({ length: 100 }, () => Buffer.alloc(10_000));
  await writer.relay({ ready: readyMessage('bad'), stream: Readable.from(big) });
  await writer.relay({ ready: readyMessage('good'), stream: Readable.from([Buffer.from('text')]) });
  pipe.end();
  await read;
  assert.deepEqual(await Promise.all(texts), ['text']);
});

test('a source that breaks is a session that ended; the next one follows', async () => {
  const pipe = new PassThrough();
  const writer = new RelayWriter(pipe);
  const broken = new PassThrough();
  broken.write('half');
  const first = writer.relay({ ready: readyMessage(''), stream: broken });
  await new Promise(setImmediate);
  broken.destroy(new Error('read ECONNRESET'));
  await first;
  await writer.relay({ ready: readyMessage(''), stream: Readable.from([Buffer.from('whole')]) });
  pipe.end();
  const texts: Promise<string>[] = [];
  await readRelay(pipe, ({ stream }) => texts.push(readAll(stream)));
  assert.deepEqual(await Promise.all(texts), ['half', 'whole']);
});

test('a writer learns that nobody reads any more', async () => {
  const pipe = new PassThrough({ highWaterMark: 1 });
  const writer = new RelayWriter(pipe);
  const relayed = writer.relay({
    ready: readyMessage(''),
    stream: Readable.from([Buffer.alloc(10), Buffer.alloc(10)]),
  });
  pipe.destroy();
  await assert.rejects(relayed, { message: 'Cannot relay the capture: nobody reads it' });
});

test('what is no relay is refused, whatever it is', async () => {
  await assert.rejects(
    readRelay(Readable.from([Buffer.from('GET / HTTP/1.1\r\n')]), () => {}),
    {
      message: /^Cannot read the capture's pipe: unexpected frame of type 71 and \d+ bytes$/,
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 5 }), async bytes => {
      fc.pre(bytes[0] !== 1);
      await assert.rejects(
        readRelay(Readable.from([Buffer.from(bytes)]), () => assert.fail()),
        /unexpected frame/,
      );
    }),
  );
});
