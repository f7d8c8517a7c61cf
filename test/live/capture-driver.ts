// Stands in for the monitor: supervises one capture and tells on standard output what becomes of it.

import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { parseDevice } from '../../src/capture/capture-device.js';
import { chooseEngines } from '../../src/capture/capture-engines.js';
import { type CaptureSession, CaptureSupervisor } from '../../src/capture/capture-supervisor.js';
import { lookupAccount } from '../../src/system/account.js';
import { parsePcapStream } from '../capture/pcap-stream.js';
import { describeRecord } from './capture-record.js';

const { engine, device, user, isPaused, isQuiet } = JSON.parse(process.argv[2]!);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
let records = 0;
const streams: Readable[] = [];

const supervisor = new CaptureSupervisor({
  device: parseDevice(device),
  engines: chooseEngines(engine),
  ports: [25],
  ...(user && { account: lookupAccount(user) }),
  onSession: session => {
    streams.push(session.stream);
    if (!isPaused) read(session);
  },
  onState: state => {
    if (state.kind === 'capturing') say(`capturing with ${state.ready.engine} pid ${supervisor.pid}`);
    else if (state.kind === 'stopped') say('stopped');
    else say(`${state.kind} ${state.code} ${state.message}`);
  },
});

/** Says each record; nothing is kept but an unfinished one. */
function read({ stream }: Pick<CaptureSession, 'stream'>): void {
  let header = Buffer.alloc(0);
  let rest = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    if (header.length === 0) {
      if (rest.length < 24) return;
      header = rest.subarray(0, 24);
      rest = rest.subarray(24);
    }
    const parsed = parsePcapStream(Buffer.concat([header, rest]));
    rest = rest.subarray(rest.length - parsed.rest);
    records += parsed.records.length;
    if (isQuiet) return;
    for (const record of parsed.records) say(describeRecord(parsed, record));
  });
  stream.on('end', () => say(`stream ended with ${rest.length} bytes left`));
}

createInterface(process.stdin).on('line', line => {
  if (line === 'read') for (const stream of streams) read({ stream });
  if (line === 'totals') say(`totals ${JSON.stringify({ ...supervisor.totals, records })}`);
  if (line === 'stop') {
    void supervisor.stop().then(() => {
      const { stream } = { stream: streams.at(-1)! };
      const finish = (): void => {
        say(`totals ${JSON.stringify({ ...supervisor.totals, records })}`);
        process.exitCode = 0;
        process.stdin.destroy();
      };
      if (stream.readableEnded) finish();
      else stream.once('end', finish);
    });
  }
});
supervisor.start();
