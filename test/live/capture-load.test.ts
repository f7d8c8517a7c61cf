import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isEngineInstalled } from '../../src/capture/capture-engines.js';
import { ENGINES } from '../../src/capture/capture-messages.js';
import { findAddon } from '../../src/native/addon.js';
import { inLab, noLab, type Program } from './capture-lab.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

interface Totals {
  readonly records: number;
  readonly received: number | null;
  readonly droppedKernel: number | null;
  readonly droppedQueue: number;
  readonly restarts: number;
}

async function stop(capture: Program): Promise<Totals> {
  capture.say('stop');
  return JSON.parse((await capture.next(/^totals/)).slice(7));
}

async function totalsOf(capture: Program): Promise<Totals> {
  capture.say('totals');
  return JSON.parse((await capture.next(/^totals/)).slice(7));
}

async function begin(capture: Program): Promise<number> {
  return Number(/ pid (\d+)$/.exec(await capture.next(/^capturing/))![1]);
}

/** Most memory that a process ever had, in KiB. */
function peakMemory(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

for (const engine of ENGINES) {
  const skip = noLab || (!isEngineInstalled(engine) && `${engine} is not installed`);

  test(`${engine}: told to stop under load, all that was logged until then is delivered`, {
    skip,
  }, async () => {
    await inLab(async lab => {
      const capture = lab.capture(engine, 'nflog:155', { isQuiet: true, user: 'nobody' });
      await begin(capture);
      await lab.flood(20_000);
      const totals = await stop(capture);
      assert.equal(totals.records + (totals.droppedKernel ?? 0), 20_000);
      assert.equal(totals.restarts, 0);
    });
  });

  test(`${engine}: a burst while it stands still is kept or counted, and it captures on`, {
    skip: skip || (engine !== 'tcpdump' && findAddon() === undefined && 'the native addon is not built'),
  }, async () => {
    const sent = 150_000;
    await inLab(async lab => {
      const capture = lab.capture(engine, 'nflog:155', { isQuiet: true });
      const pid = await begin(capture);
      process.kill(pid, 'SIGSTOP');
      await lab.flood(sent);
      process.kill(pid, 'SIGCONT');
      await lab.flood(1);
      // tcpdump's drops are asked for every two seconds.
      let totals: Totals;
      do {
        totals = await totalsOf(capture);
      } while (totals.records + (totals.droppedKernel ?? 0) < sent + 1);
      assert.equal(totals.records + totals.droppedKernel!, sent + 1);
      assert.ok(totals.droppedKernel! > 0);
      await lab.flood(1);
      const last = await stop(capture);
      assert.equal(last.records, totals.records + 1);
      assert.equal(last.restarts, 0);
    });
  });
}

for (const engine of ['pcap', 'cap'] as const) {
  const skip = noLab || (!isEngineInstalled(engine) && `${engine} is not installed`);

  test(`${engine}: without the native addon such a burst may end the capture, and then another begins`, {
    skip,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spamlogd-capture-'));
    try {
      cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
      writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
      await inLab(async lab => {
        const driver = join(folder, 'dist/test/live/capture-driver.js');
        const capture = lab.capture(engine, 'nflog:155', { isQuiet: true, driver });
        const pid = await begin(capture);
        process.kill(pid, 'SIGSTOP');
        await lab.flood(60_000);
        process.kill(pid, 'SIGCONT');
        // pcap lives on if it happens to look before libuv does.
        let restarts = 0;
        for (let caught = 0; caught < 3; ) {
          const before = await totalsOf(capture);
          await lab.flood(1);
          await setTimeout(100);
          const after = await totalsOf(capture);
          caught = after.records === before.records + 1 ? caught + 1 : 0;
          restarts = after.restarts;
        }
        assert.ok(restarts <= 1);
        if (engine === 'cap') assert.equal(restarts, 1);
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test(`${engine}: what a reader does not take is bounded, and what does not fit is counted`, {
    skip,
  }, async () => {
    const sent = 300_000;
    await inLab(async lab => {
      const capture = lab.capture(engine, 'nflog:155', { isQuiet: true, isPaused: true });
      const pid = await begin(capture);
      await lab.flood(sent);
      assert.ok(peakMemory(pid) < 150_000, `${peakMemory(pid)} KiB`);
      capture.say('read');
      const totals = await stop(capture);
      assert.ok(totals.droppedQueue > 0);
      assert.equal(totals.records + totals.droppedQueue, totals.received);
      assert.equal(totals.received! + totals.droppedKernel!, sent);
    });
  });
}
