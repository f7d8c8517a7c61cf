import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { DaemonSignals } from '../../src/daemon/daemon-signals.js';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1'] as const;
after(() => {
  for (const signal of SIGNALS) process.removeAllListeners(signal);
});

/** Signals of their own, and what they made happen. */
function listen(): { signals: DaemonSignals; done: string[]; attend: () => void; endReload: () => void } {
  for (const signal of SIGNALS) process.removeAllListeners(signal);
  const signals = new DaemonSignals();
  const done: string[] = [];
  let endReload = (): void => {};
  const reload = async (): Promise<void> => {
    done.push('reload');
    await new Promise<void>(resolve => {
      endReload = resolve;
    });
    done.push('reloaded');
  };
  const attend = (): void =>
    signals.attend({ stop: () => done.push('stop'), status: () => done.push('status'), reload });
  return { signals, done, attend, endReload: () => endReload() };
}

function tell(...names: (typeof SIGNALS)[number][]): void {
  for (const name of names) process.emit(name, name);
}

test('what comes before the start-up is over is done once it is', async () => {
  const { signals, done, attend, endReload } = listen();
  tell('SIGHUP', 'SIGUSR1', 'SIGHUP', 'SIGUSR1');
  assert.deepEqual(done, []);
  assert.equal(signals.starting.aborted, false);
  attend();
  endReload();
  await turn();
  assert.deepEqual(done, ['status', 'reload', 'reloaded']);
  tell('SIGUSR1');
  assert.equal(done.at(-1), 'status');
});

test('a signal to end before that aborts the start, and nothing else is done any more', async () => {
  const { signals, done, attend } = listen();
  const early = signals.stoppedEarly();
  tell('SIGHUP', 'SIGUSR1', 'SIGINT');
  await early;
  await signals.stoppedEarly();
  attend();
  tell('SIGHUP', 'SIGUSR1');
  await turn();
  assert.deepEqual(done, ['stop']);
});

test('twenty SIGHUPs while the configuration is read make one more reading, after that', async () => {
  const { done, attend, endReload } = listen();
  attend();
  tell('SIGHUP');
  for (let i = 0; i < 20; i++) tell('SIGHUP');
  assert.deepEqual(done, ['reload']);
  endReload();
  await turn();
  assert.deepEqual(done, ['reload', 'reloaded', 'reload']);
  endReload();
  await turn();
  assert.deepEqual(done, ['reload', 'reloaded', 'reload', 'reloaded']);
});

test('a later signal to end aborts no start, and the configuration is not read again after it', async () => {
  const { signals, done, attend, endReload } = listen();
  attend();
  tell('SIGHUP', 'SIGHUP', 'SIGTERM', 'SIGTERM', 'SIGUSR1');
  endReload();
  await turn();
  assert.deepEqual(done, ['reload', 'stop', 'stop', 'reloaded']);
  assert.equal(signals.starting.aborted, false);
});
