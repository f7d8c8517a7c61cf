// Holds signals again and again, while nothing but the work goes on in its thread, until one ends it.

import { setImmediate } from 'node:timers/promises';
import { holdSignals } from '../../src/system/hold-signals.js';

const WORK_MS = 2;
const never = new Int32Array(new SharedArrayBuffer(4));

process.stdout.write('working\n');
for (;;) {
  await holdSignals(async () => {
    Atomics.wait(never, 0, 0, WORK_MS);
  });
  await setImmediate();
}
