// The capture child: opens the device, gives up its privileges, and writes what it captures to standard output as a
// pcap stream. A program of its own, since the engines can spin, go deaf or abort: its end is how that is handled.

import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { dropPrivileges } from '../../system/privileges.js';
import { parseDevice } from '../capture-device.js';
import { explainFailure } from '../capture-failure.js';
import { kernelFilter } from '../capture-filter.js';
import {
  CaptureError,
  type CaptureRequest,
  CONTROL_FD,
  type EndCode,
  EXIT_STATUS,
  type PackageEngine,
} from '../capture-messages.js';
import { readNetlinkSockets } from '../capture-nflog.js';
import { openControl } from './control.js';
import type { OpenDevice, OpenEngine, OpenRequest } from './engine.js';
import { openCap } from './engine-cap.js';
import { openPcap } from './engine-pcap.js';
import { hardenDescriptor } from './harden.js';
import { Output } from './output.js';
import { PcapWriter } from './pcap-writer.js';

const ENGINES: Readonly<Record<PackageEngine, OpenEngine>> = { pcap: openPcap, cap: openCap };

/** What may wait for a reader that does not keep up: some 150,000 records. */
const QUEUE_BYTES = 16 * 1024 * 1024;

/** Standard output. */
const STREAM_FD = 1;

/** How often the device is checked and counts are sent, changed or not: they are signs of life as well. */
const CHECK_MILLISECONDS = 2_000;

/** How long the reader has to take what waits when the child ends by itself. */
const FLUSH_MILLISECONDS = 5_000;

const request = readRequest();
process.title = `spamlogd: capture ${request.device}`;
const control = openControl(() => void end('orphaned', 'nobody is there any more'));
let device: OpenDevice | undefined;
let writer: PcapWriter | undefined;
let inode: number | undefined;
let isEnding = false;

process.on('SIGTERM', () => void end('stopped', 'told to stop'));
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
// Node would open its debugger.
process.on('SIGUSR1', () => {});
process.on('uncaughtException', error => void fail(error));

try {
  capture();
} catch (error) {
  void fail(error);
}

function readRequest(): CaptureRequest {
  try {
    fstatSync(CONTROL_FD);
    return JSON.parse(process.argv[2]!);
  } catch {
    process.stderr.write('This program is started by spamlogd\n');
    process.exit(EXIT_STATUS.usage);
  }
}

/** All in one turn of the event loop: no packet is looked at before the privileges are gone. */
function capture(): void {
  const named = parseDevice(request.device);
  const filter = kernelFilter(named, request.ports);
  const onLost = (code: EndCode, reason: string): void =>
    void end(code, `Lost capture on "${named.name}": ${reason}`);
  device = open(ENGINES[request.engine], { device: named, filter, onLost });
  inode = hardenDescriptor(named);
  drop();

  // This is how Node puts a descriptor into non-blocking mode; the socket itself is not written to.
  new Socket({ fd: STREAM_FD, readable: false, writable: true }).unref();
  const onError = (error: Error): void =>
    void end('output', `Cannot write the pcap stream: ${error.message}`);
  writer = new PcapWriter(new Output(STREAM_FD, onError), {
    linkType: device.linkType,
    snapLength: named.snapLength,
    queueBytes: QUEUE_BYTES,
  });
  const { append } = PcapWriter.prototype;
  device.start(append.bind(writer));
  control.send({
    type: 'ready',
    engine: request.engine,
    version: device.version,
    linkType: device.linkType,
    filter,
    uid: process.getuid!(),
    gid: process.getgid!(),
  });
  setInterval(() => {
    device?.check();
    sendCounts();
  }, CHECK_MILLISECONDS).unref();
}

function open(openEngine: OpenEngine, wanted: OpenRequest): OpenDevice {
  try {
    return openEngine(wanted);
  } catch (error) {
    if (error instanceof CaptureError) throw error;
    throw explainFailure(wanted.device, (error as Error).message);
  }
}

function drop(): void {
  if (request.account === undefined) return;
  try {
    dropPrivileges(request.account);
  } catch (cause) {
    throw new CaptureError('privileges', (cause as Error).message, { cause });
  }
}

function sendCounts(): void {
  if (device === undefined || writer === undefined) return;
  const counts = {
    received: writer.received,
    droppedKernel: readKernelDrops(device),
    droppedQueue: writer.dropped,
  };
  control.send({ type: 'stats', ...counts });
}

/** On NFLOG the socket's own counter: libpcap's is wrong after the first overrun. */
function readKernelDrops(opened: OpenDevice): number | null {
  if (inode === undefined) return opened.readDrops();
  return readNetlinkSockets().find(socket => socket.inode === inode)?.drops ?? null;
}

function fail(error: unknown): Promise<void> {
  const code = error instanceof CaptureError ? error.code : 'failed';
  return end(code, (error as Error).message);
}

/** Delivers what there is, says why it ends, and ends: an engine's own close may never. */
async function end(code: EndCode, message: string): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  if (code === 'stopped') {
    await device?.drain();
    // Whoever told us to stop also decides how long that may take.
    await writer?.end();
  } else if (code !== 'output' && code !== 'orphaned') {
    await Promise.race([writer?.end(), setTimeout(FLUSH_MILLISECONDS)]);
  }
  sendCounts();
  control.send({ type: 'end', code, message });
  process.exit(EXIT_STATUS[code]);
}
