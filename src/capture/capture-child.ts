// Starts our own capture child, which holds npm `pcap` or `cap`.

import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { isHarmless } from './capture-failure.js';
import {
  type CaptureRequest,
  CONTROL_FD,
  type EndMessage,
  EXIT_STATUS,
  parseMessage,
} from './capture-messages.js';
import {
  type CaptureProcess,
  type CaptureReports,
  captureEnvironment,
  describeDeath,
  killGroup,
  startProgram,
} from './capture-process.js';

/** What V8 keeps for young objects, of which there are a few for each packet, grows with the load and never shrinks. */
const SMALL_HEAP = ['--max-semi-space-size=2'];

const PROGRAM = fileURLToPath(new URL('child/main.js', import.meta.url));

/** Starts a child. It ends when this process does, however that ends. */
export function startChild(request: CaptureRequest, reports: CaptureReports): CaptureProcess {
  const child = startProgram(process.execPath, [...SMALL_HEAP, PROGRAM, JSON.stringify(request)], {
    // A session of its own: what a terminal sends to its foreground is for us to pass on, or not.
    detached: true,
    cwd: '/',
    env: captureEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let end: EndMessage | undefined;
  let lastLine = '';
  const controlLines = createInterface(child.stdio[CONTROL_FD] as Readable);
  controlLines.on('line', line => {
    const message = parseMessage(line);
    if (message?.type === 'ready') reports.onReady(message);
    if (message?.type === 'stats') reports.onCounts(message);
    if (message?.type === 'end') end = message;
  });
  const errorLines = createInterface(child.stderr!);
  errorLines.on('line', line => {
    if (!isHarmless(line)) lastLine = line.trim();
  });

  // Not 'close', which waits for the stream's reader.
  const ended = new Promise<[number | null, NodeJS.Signals | null]>(resolve => {
    child.once('exit', (code, signal) => resolve([code, signal]));
    child.once('error', error => {
      lastLine = error.message;
      resolve([EXIT_STATUS.failed, null]);
    });
  });
  const silent = [controlLines, errorLines].map(
    lines => new Promise<void>(resolve => lines.once('close', resolve)),
  );
  void Promise.all([ended, ...silent]).then(([[code, signal]]) => {
    const name = `Lost capture on "${request.device}": the capture child (${request.engine})`;
    const message = describeDeath(name, code, signal, lastLine);
    reports.onEnd(end ?? { type: 'end', code: signal === null ? 'failed' : 'lost', message });
  });
  return {
    pid: child.pid,
    stream: child.stdout!,
    isReporting: true,
    stop: () => child.kill('SIGTERM'),
    kill: () => killGroup(child.pid),
  };
}
