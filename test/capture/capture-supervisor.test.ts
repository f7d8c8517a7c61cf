import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { parseDevice } from '../../src/capture/capture-device.js';
import type { EndCode, EngineName, ReadyMessage } from '../../src/capture/capture-messages.js';
import type { CaptureReports } from '../../src/capture/capture-process.js';
import type { CaptureState } from '../../src/capture/capture-state.js';
import { CaptureSupervisor, type SupervisorOptions } from '../../src/capture/capture-supervisor.js';

/** A supervisor whose processes and clock are the test's. */
class Stage {
  readonly started: {
    engine: EngineName;
    reports: CaptureReports;
    said: string[];
    stream: PassThrough & { bytesRead: number };
  }[] = [];
  readonly states: string[] = [];
  readonly sessions: ReadyMessage[] = [];
  condition = 'missing';
  now = 0;
  isReporting = false;
  #timers: { at: number; callback: () => void }[] = [];
  readonly supervisor: CaptureSupervisor;

  constructor(options: Partial<SupervisorOptions> = {}) {
    this.supervisor = new CaptureSupervisor({
      device: parseDevice('pflog0'),
      engines: ['pcap'],
      ports: [25],
      onSession: ({ ready }) => this.sessions.push(ready),
      onState: state => this.states.push(describe(state)),
      readCondition: () => this.condition,
      startProcess: (engine, reports) => {
        const said: string[] = [];
        const stream = Object.assign(new PassThrough(), { bytesRead: 0 });
        this.started.push({ engine, reports, said, stream });
        const { isReporting } = this;
        return { pid: 1, stream, isReporting, stop: () => said.push('stop'), kill: () => said.push('kill') };
      },
      timers: {
        setTimeout: (callback, milliseconds) => {
          const timer = { at: this.now + milliseconds, callback };
          this.#timers.push(timer);
          return timer as unknown as NodeJS.Timeout;
        },
        clearTimeout: timer => {
          this.#timers = this.#timers.filter(other => other !== (timer as unknown));
        },
      },
      ...options,
    });
  }

  get last(): (typeof this.started)[number] {
    return this.started.at(-1)!;
  }

  ready(linkType: number | null = 117): void {
    this.last.reports.onReady({ ...readyMessage(this.last.engine), linkType });
  }

  end(code: EndCode, message = `it is ${code}`): void {
    this.last.reports.onEnd({ type: 'end', code, message });
  }

  count(): void {
    this.last.reports.onCounts({ received: 1, droppedKernel: null, droppedQueue: 0 });
  }

  /** As if this process had been stopped: the timers that are due then go off one after another. */
  sleep(milliseconds: number): void {
    this.now += milliseconds;
    for (const timer of this.#timers.filter(({ at }) => at <= this.now)) {
      this.#timers = this.#timers.filter(other => other !== timer);
      timer.callback();
    }
  }

  /** Lets time pass; gives when processes were started meanwhile. */
  pass(milliseconds: number): number[] {
    const until = this.now + milliseconds;
    const starts: number[] = [];
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter(timer => timer !== next);
      this.now = next.at;
      const before = this.started.length;
      next.callback();
      if (this.started.length > before) starts.push(this.now);
    }
    this.now = until;
    return starts;
  }
}

function readyMessage(engine: EngineName): ReadyMessage {
  return { type: 'ready', engine, version: '', linkType: 117, filter: '', uid: 1, gid: 1 };
}

function describe(state: CaptureState): string {
  if (state.kind === 'capturing') return `capturing with ${state.ready.engine}`;
  return state.kind === 'stopped' ? 'stopped' : `${state.kind}: ${state.message}`;
}

test('a device that is missing is waited for, ever more patiently, and told of once', () => {
  const stage = new Stage();
  stage.supervisor.start();
  const starts: number[] = [];
  for (let attempt = 0; attempt < 14; attempt++) {
    stage.end('missing');
    starts.push(...stage.pass(30_000));
  }
  const delays = [
    100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000, 30_000, 30_000,
  ];
  assert.deepEqual(
    starts,
    delays.map((delay, i) => i * 30_000 + delay),
  );
  assert.deepEqual(stage.states, ['waiting: it is missing']);
});

test('a device that has changed is tried at once', () => {
  const stage = new Stage();
  stage.supervisor.start();
  for (let attempt = 0; attempt < 10; attempt++) {
    stage.end('missing');
    stage.pass(30_000);
  }
  stage.end('missing');
  assert.deepEqual(stage.pass(10_000), []);
  stage.condition = 'up (7)';
  assert.deepEqual(stage.pass(10_000), [stage.now - 10_000 + 500]);
});

test('a capture that ended is told of, and begins again at once with another session', () => {
  const stage = new Stage();
  stage.supervisor.start();
  stage.ready();
  stage.pass(60_000);
  stage.end('lost', 'it went away');
  assert.deepEqual(stage.pass(100), [60_100]);
  stage.ready();
  assert.deepEqual(stage.states, ['capturing with pcap', 'waiting: it went away', 'capturing with pcap']);
  assert.equal(stage.sessions.length, 2);
  assert.equal(stage.supervisor.totals.restarts, 1);
});

test('one that ends as soon as it begins is tried again with a pause of at most a second', () => {
  const stage = new Stage();
  stage.supervisor.start();
  const starts: number[] = [];
  for (let attempt = 0; attempt < 6; attempt++) {
    stage.ready();
    stage.end('lost');
    starts.push(...stage.pass(2_000));
  }
  assert.deepEqual(starts, [100, 2_200, 4_400, 6_800, 9_000, 11_000]);
  stage.ready();
  stage.pass(1_000);
  stage.end('lost');
  assert.deepEqual(stage.pass(100), [stage.now]);
});

test('counts add up over restarts; what is unknown stays unknown', () => {
  const stage = new Stage();
  stage.supervisor.start();
  stage.ready();
  assert.deepEqual(stage.supervisor.totals, {
    restarts: 0,
    received: null,
    droppedKernel: null,
    droppedQueue: 0,
  });
  stage.last.reports.onCounts({ received: 10, droppedKernel: null, droppedQueue: 1 });
  stage.last.reports.onCounts({ received: 20, droppedKernel: null, droppedQueue: 2 });
  stage.end('lost');
  stage.pass(100);
  stage.ready();
  stage.last.reports.onCounts({ received: 5, droppedKernel: 4, droppedQueue: 3 });
  assert.deepEqual(stage.supervisor.totals, {
    restarts: 1,
    received: 25,
    droppedKernel: 4,
    droppedQueue: 5,
  });
});

test('what no waiting cures is fatal before the first capture, and waited out after it', () => {
  for (const code of ['permission', 'privileges', 'engine', 'usage'] as const) {
    const stage = new Stage();
    stage.supervisor.start();
    stage.end(code);
    assert.deepEqual(stage.pass(1_000_000), []);
    assert.deepEqual(stage.states, [`failed: it is ${code}`]);
  }
  const stage = new Stage();
  stage.supervisor.start();
  stage.ready();
  stage.end('permission');
  assert.deepEqual(stage.pass(100), [100]);
});

test('with several engines, one that does not load makes way for the next', () => {
  const stage = new Stage({ engines: ['pcap', 'cap', 'tcpdump'] });
  stage.supervisor.start();
  stage.end('engine');
  stage.end('engine');
  stage.ready();
  assert.deepEqual(
    stage.started.map(({ engine }) => engine),
    ['pcap', 'cap', 'tcpdump'],
  );
  assert.deepEqual(stage.states, ['capturing with tcpdump']);
  stage.end('lost');
  stage.pass(100);
  assert.equal(stage.last.engine, 'tcpdump');
});

test('a reason that changes is told of again', () => {
  const stage = new Stage();
  stage.supervisor.start();
  for (const code of ['missing', 'missing', 'down', 'down', 'busy'] as const) {
    stage.end(code);
    stage.pass(30_000);
  }
  assert.deepEqual(stage.states, ['waiting: it is missing', 'waiting: it is down', 'waiting: it is busy']);
});

test('stopping lets the process deliver what it has, and kills one that does not end', async () => {
  const stage = new Stage();
  stage.supervisor.start();
  stage.ready();
  const stopped = stage.supervisor.stop();
  assert.deepEqual(stage.last.said, ['stop']);
  stage.pass(9_999);
  assert.deepEqual(stage.last.said, ['stop']);
  stage.pass(1);
  assert.deepEqual(stage.last.said, ['stop', 'kill']);
  stage.end('lost');
  await stopped;
  assert.deepEqual(stage.pass(1_000_000), []);
  assert.equal(stage.states.at(-1), 'stopped');
});

test('stopping while waiting ends the wait', async () => {
  const stage = new Stage();
  stage.supervisor.start();
  stage.end('missing');
  await stage.supervisor.stop();
  assert.deepEqual(stage.pass(1_000_000), []);
  assert.deepEqual(stage.states, ['waiting: it is missing', 'stopped']);
});

test('a process that is not heard of for 30 seconds is killed and replaced, with a word on why', () => {
  const stage = new Stage();
  stage.isReporting = true;
  stage.supervisor.start();
  stage.ready();
  for (let report = 0; report < 20; report++) {
    stage.pass(29_000);
    stage.count();
  }
  assert.deepEqual(stage.last.said, []);
  stage.pass(20_000);
  assert.deepEqual(stage.last.said, []);
  stage.pass(20_000);
  assert.deepEqual(stage.last.said, ['kill']);
  stage.end('lost', 'it was killed by SIGKILL');
  assert.deepEqual(stage.pass(100), [stage.now]);
  stage.ready();
  assert.deepEqual(stage.states, [
    'capturing with pcap',
    'waiting: Lost capture on "pflog0": it was not heard of for 30 seconds, and killed',
    'capturing with pcap',
  ]);
  assert.equal(stage.supervisor.totals.restarts, 1);
  // The next one's end is its own.
  stage.end('lost', 'it went away');
  assert.equal(stage.states.at(-1), 'waiting: it went away');
});

test('a process that hangs before it captures is killed as well', () => {
  const stage = new Stage();
  stage.isReporting = true;
  stage.supervisor.start();
  stage.pass(40_000);
  assert.deepEqual(stage.last.said, ['kill']);
  stage.end('lost', 'it was killed by SIGKILL');
  assert.deepEqual(stage.states, [
    'waiting: Cannot capture on "pflog0": it was not heard of for 30 seconds, and killed',
  ]);
  assert.deepEqual(stage.pass(100), [stage.now]);
});

test('packets are signs of life, too, and so are those that nobody has read yet', () => {
  const stage = new Stage();
  stage.isReporting = true;
  stage.supervisor.start();
  stage.ready();
  for (let packet = 0; packet < 10; packet++) {
    stage.pass(29_000);
    stage.last.stream.bytesRead++;
  }
  stage.last.stream.write('a packet');
  stage.pass(1_000_000);
  assert.deepEqual(stage.last.said, []);
  stage.last.stream.read();
  stage.pass(40_000);
  assert.deepEqual(stage.last.said, ['kill']);
});

test('a process that tells nothing by itself is not waited for', () => {
  const stage = new Stage();
  stage.supervisor.start();
  stage.ready();
  stage.pass(1_000_000);
  assert.deepEqual(stage.last.said, []);
});

test('when the supervisor itself stood still, what has come meanwhile is read before anything is killed', () => {
  const stage = new Stage();
  stage.isReporting = true;
  stage.supervisor.start();
  stage.ready();
  // Every timer that is due goes off at once, each of them once.
  stage.sleep(3_600_000);
  assert.deepEqual(stage.last.said, []);
  stage.count();
  stage.pass(29_000);
  assert.deepEqual(stage.last.said, []);
});

test('one that is told to stop is no longer listened for', async () => {
  const stage = new Stage();
  stage.isReporting = true;
  stage.supervisor.start();
  stage.ready();
  stage.pass(25_000);
  const stopped = stage.supervisor.stop();
  stage.pass(9_000);
  assert.deepEqual(stage.last.said, ['stop']);
  stage.end('stopped');
  await stopped;
  assert.deepEqual(stage.pass(1_000_000), []);
});

const refuseLinkType = (linkType: number): string | undefined =>
  linkType === 117 ? undefined : `link type ${linkType}`;

test('a link type of no use is fatal before the first capture, and no session', () => {
  const stage = new Stage({ refuseLinkType });
  stage.supervisor.start();
  stage.ready(1);
  assert.deepEqual(stage.last.said, ['kill']);
  stage.end('lost');
  assert.deepEqual(stage.states, ['failed: Cannot capture on "pflog0": link type 1']);
  assert.equal(stage.sessions.length, 0);
  assert.deepEqual(stage.pass(1_000_000), []);
});

test('a link type of no use after a capture is waited out ever more patiently, and told of once', () => {
  const stage = new Stage({ refuseLinkType });
  stage.supervisor.start();
  stage.ready();
  stage.pass(60_000);
  stage.end('lost');
  for (let attempt = 0; attempt < 10; attempt++) {
    assert.equal(stage.pass(30_000).length, 1);
    stage.ready(1);
    stage.end('lost');
  }
  const [first] = stage.pass(30_000);
  assert.equal(first, stage.now);
  stage.ready();
  assert.deepEqual(stage.states, [
    'capturing with pcap',
    'waiting: it is lost',
    'waiting: Cannot capture on "pflog0": link type 1',
    'capturing with pcap',
  ]);
});

test('a session that its reader discards ends, and another begins after ever longer pauses', () => {
  const stage = new Stage();
  stage.supervisor.start();
  const starts: number[] = [];
  for (let session = 1; session <= 12; session++) {
    stage.ready(null);
    const reason = 'its stream is damaged';
    stage.supervisor.discard({ session: session - 1, code: 'damaged', reason: 'an old one' });
    assert.deepEqual(stage.last.said, []);
    stage.supervisor.discard({ session, code: 'damaged', reason });
    assert.deepEqual(stage.last.said, ['kill']);
    stage.end('lost');
    const before = stage.now;
    starts.push(...stage.pass(30_000).map(at => at - before));
  }
  assert.deepEqual(starts, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000]);
  assert.deepEqual(stage.states.slice(0, 2), [
    'capturing with pcap',
    'waiting: Lost capture on "pflog0": its stream is damaged',
  ]);
  assert.equal(stage.supervisor.totals.restarts, 12);
});

test('a first session that its reader finds to be of another link type is fatal', () => {
  const stage = new Stage({ refuseLinkType });
  stage.supervisor.start();
  stage.ready(null);
  stage.supervisor.discard({ session: 1, code: 'link-type', reason: 'link type 1' });
  stage.end('lost');
  assert.equal(stage.states.at(-1), 'failed: Cannot capture on "pflog0": link type 1');
});

test('a session that ended by itself is not discarded', () => {
  const stage = new Stage();
  stage.supervisor.start();
  stage.ready();
  stage.end('lost');
  stage.pass(100);
  stage.supervisor.discard({ session: 1, code: 'damaged', reason: 'late' });
  assert.deepEqual(stage.last.said, []);
  stage.ready();
  assert.equal(stage.states.at(-1), 'capturing with pcap');
});
