// Sends SYNs from made-up addresses through an interface, each from another one: INTERFACE MAC-OF-THE-TARGET. On standard
// input: `COUNT FIRST-ADDRESS PER-SECOND`, where 0 is as fast as it goes; answered with `sent COUNT MILLISECONDS START`, the last on the
// system's monotonic clock, in nanoseconds.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const { Cap } = createRequire(import.meta.url)('cap') as { Cap: new () => Sender };

interface Sender {
  open(device: string, filter: string, bufferSize: number, buffer: Buffer): string;
  send(frame: Buffer, length: number): void;
}

const [device, mac] = process.argv.slice(2);
const sender = new Cap();
const capture = Buffer.alloc(65_535);
sender.open(device!, 'less 1', 65_536, capture);

const frame = Buffer.alloc(54);
frame.set(
  mac!.split(':').map(part => Number.parseInt(part, 16)),
  0,
);
frame.set([2, 0, 0, 0, 0, 2], 6);
frame.writeUInt16BE(0x0800, 12);
frame.set([0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6], 14);
frame.set([192, 0, 2, 1], 30);
frame.writeUInt16BE(40_000, 34);
frame.writeUInt16BE(25, 36);
frame.set([0x50, 2, 0x40, 0], 46);

function sum(from: number, to: number, start: number): number {
  let total = start;
  for (let at = from; at < to; at += 2) total += frame.readUInt16BE(at);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}

function send(address: number): void {
  frame.writeUInt32BE(address, 26);
  frame.writeUInt16BE(0, 24);
  frame.writeUInt16BE(sum(14, 34, 0), 24);
  frame.writeUInt16BE(0, 50);
  // The pseudo header: addresses, protocol, length.
  frame.writeUInt16BE(sum(26, 54, 6 + 20), 50);
  sendFrame();
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/** The kernel may have no room for another packet; that passes, or the seconds that it is given do. */
function sendFrame(): void {
  for (let attempt = 1; ; attempt++) {
    try {
      sender.send(frame, frame.length);
      return;
    } catch (error) {
      if (!/buffer space/.test((error as Error).message) || attempt === 5000) throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

const SLICE = 200;

createInterface(process.stdin).on('line', line => {
  const [count, first, perSecond] = line.split(' ').map(Number) as [number, number, number];
  const start = performance.now();
  const clock = process.hrtime.bigint();
  let sent = 0;
  const more = (): void => {
    const due = perSecond === 0 ? sent + SLICE : ((performance.now() - start) / 1000) * perSecond;
    for (const end = Math.min(count, due); sent < end; sent++) send(first + sent);
    if (sent < count) setImmediate(more);
    else process.stdout.write(`sent ${sent} ${performance.now() - start} ${clock}\n`);
  };
  more();
});
process.stdout.write('ready\n');
