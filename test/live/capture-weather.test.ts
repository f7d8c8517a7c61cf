import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { isEngineInstalled } from '../../src/capture/capture-engines.js';
import { ENGINES } from '../../src/capture/capture-messages.js';
import { inLab, type Lab, noLab, type Program } from './capture-lab.js';

const ROUNDS = 20;

const pidOf = (line: string): number => Number(/ pid (\d+)$/.exec(line)![1]);

/** The processes of a session: those that one capture process started, itself included. */
function processesOf(session: number): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [state, , , its] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(its) === session && state !== 'Z';
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Waits until the condition holds: for what the kernel does in its own time. */
async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    assert.ok(tries < 1000, `waited in vain until ${what}`);
    await setTimeout(10);
  }
}

/** Connects until the capture has seen one: the first may be too early for it. */
async function seeConnection(lab: Lab, capture: Program): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    await lab.connect('peer', '192.0.2.1');
    try {
      assert.equal(await capture.next(/^1 192/, 0.5), '1 192.0.2.2 > 192.0.2.1');
      return;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
    }
  }
  assert.fail('no connection was seen');
}

describe('an interface comes and goes', { concurrency: true }, () => {
  for (const engine of ENGINES) {
    const skip = noLab || (!isEngineInstalled(engine) && `${engine} is not installed`);

    test(`${engine}: down and up, ${ROUNDS} times`, { skip }, async () => {
      await inLab(async lab => {
        const capture = lab.capture(engine, 'wire0');
        await capture.next(/^capturing/);
        for (let round = 0; round < ROUNDS; round++) {
          lab.setLink('down');
          lab.setLink('up');
          await seeConnection(lab, capture);
        }
        // tcpdump lives through it. The packages may, or go deaf or abort: then they were started again.
        capture.say('totals');
        const totals = JSON.parse((await capture.next(/^totals/)).slice(7));
        if (engine === 'tcpdump') assert.equal(totals.restarts, 0);
      });
    });

    test(`${engine}: removed and made again, ${ROUNDS} times`, { skip }, async () => {
      await inLab(async lab => {
        const capture = lab.capture(engine, 'wire0');
        let pid = pidOf(await capture.next(/^capturing/));
        for (let round = 0; round < ROUNDS; round++) {
          lab.removeLink();
          await capture.next(/^waiting lost/);
          lab.addLink();
          const before = pid;
          pid = pidOf(await capture.next(/^capturing/));
          assert.deepEqual(processesOf(before), [], 'nothing is left of the one before');
          await seeConnection(lab, capture);
        }
      });
    });

    test(`${engine}: missing at first, removed later: each said once`, { skip }, async () => {
      await inLab(async lab => {
        lab.removeLink();
        const capture = lab.capture(engine, 'wire0');
        const states: string[] = [];
        // While it is made or removed it is there and down for a moment, which may be seen, or not.
        const nextState = async (): Promise<void> => {
          states.push((await capture.next(/^(waiting (?!down)|capturing)/)).replace(/:.*| with.*/, ''));
        };
        await nextState();
        lab.addLink();
        await nextState();
        lab.removeLink();
        await nextState();
        await nextState();
        lab.addLink();
        await nextState();
        assert.deepEqual(states, [
          'waiting missing Cannot capture on "wire0"',
          'capturing',
          'waiting lost Lost capture on "wire0"',
          'waiting missing Cannot capture on "wire0"',
          'capturing',
        ]);
      });
    });
  }
});

describe('a capture process that stands still', { concurrency: true }, () => {
  for (const [engine, device] of [
    ...ENGINES.map(name => [name, 'nflog:155'] as const),
    ['tcpdump', 'wire0'],
  ] as const) {
    const skip = noLab || (!isEngineInstalled(engine) && `${engine} is not installed`);

    test(`${engine} on ${device}: is killed and replaced`, { skip }, async () => {
      await inLab(async lab => {
        const capture = lab.capture(engine, device, { user: 'nobody' });
        const pid = pidOf(await capture.next(/^capturing/));
        process.kill(pid, 'SIGSTOP');
        assert.equal(
          await capture.next(/^waiting/, 90),
          `waiting lost Lost capture on "${device}": it was not heard of for 30 seconds, and killed`,
        );
        assert.notEqual(pidOf(await capture.next(/^capturing/)), pid);
        await until(() => processesOf(pid).length === 0, 'nothing is left of it');
      });
    });
  }
});

describe('NFLOG', () => {
  for (const engine of ENGINES) {
    const skip = noLab || (!isEngineInstalled(engine) && `${engine} is not installed`);

    test(`${engine}: a group held by another process is waited for, and its holder named`, {
      skip,
    }, async () => {
      await inLab(async lab => {
        const holder = lab.start(lab.mx, ['tcpdump', '-i', 'nflog:155', '-U', '-w', '-']);
        const listeners = (): string =>
          readFileSync(`/proc/${holder.process.pid}/net/netfilter/nfnetlink_log`, 'utf8');
        await until(() => listeners().includes('155'), 'tcpdump holds the group');
        const capture = lab.capture(engine, 'nflog:155,255');
        assert.equal(
          await capture.next(/^(waiting|failed|capturing)/),
          'waiting busy Cannot capture on "nflog:155,255": another process listens on the group: ' +
            `group 155 is held by tcpdump (pid ${holder.process.pid})`,
        );
        await holder.end();
        await capture.next(/^capturing/);
        await lab.connect('peer', '192.0.2.1');
        assert.equal(await capture.next(/^239 /), '239 group 155 192.0.2.2 > 192.0.2.1');
      });
    });

    test(`${engine}: a capture process that is killed is replaced`, { skip }, async () => {
      await inLab(async lab => {
        const capture = lab.capture(engine, 'nflog:155');
        for (let round = 0; round < 5; round++) {
          const pid = pidOf(await capture.next(/^capturing/));
          await lab.connect('peer', '192.0.2.1');
          assert.equal(await capture.next(/^239 /), '239 group 155 192.0.2.2 > 192.0.2.1');
          process.kill(pid, 'SIGKILL');
          assert.match(
            await capture.next(/^waiting/),
            /^waiting lost Lost capture on "nflog:155": .* was killed by SIGKILL$/,
          );
          await until(() => processesOf(pid).length === 0, 'nothing is left of it');
        }
        await capture.next(/^capturing/);
      });
    });

    test(`${engine}: with its monitor killed the capture ends, on a quiet source too`, { skip }, async () => {
      await inLab(async lab => {
        const capture = lab.capture(engine, 'nflog:155', { user: 'nobody' });
        const pid = pidOf(await capture.next(/^capturing/));
        assert.ok(existsSync(`/proc/${pid}`));
        await capture.end('SIGKILL');
        await until(() => processesOf(pid).length === 0, 'nothing is left of it');
      });
    });
  }
});
