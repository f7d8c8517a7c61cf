import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { RuleWatch } from '../../src/daemon/rule-watch.js';
import type { LiveRules } from '../../src/pfconf/live/rules.js';
import type { CommandResult, System } from '../../src/pfconf/live/system.js';

/** A machine whose pf has these rules, under this checksum. */
function machine(pf: { rules: string; checksum: string; isBroken?: boolean }): System {
  return {
    platform: 'openbsd',
    run: async (_command, args): Promise<CommandResult> => {
      if (pf.isBroken) return { status: 1, stdout: '', stderr: 'pfctl: /dev/pf: Permission denied' };
      const stdout = args.includes('info') ? `Status: Enabled\nChecksum: ${pf.checksum}\n` : pf.rules;
      return { status: 0, stdout: args.includes('Interfaces') ? '' : stdout, stderr: '' };
    },
    readFile: async () => undefined,
    stat: async () => undefined,
    now: () => 1_700_000_000,
  };
}

test('the rules are read at the start, when asked for, and when their checksum has changed', async t => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  const pf = { rules: '@0 pass all\n', checksum: '0xaa' };
  const seen: LiveRules[] = [];
  const watch = new RuleWatch(machine(pf), 'openbsd', rules => seen.push(rules));
  await watch.start();
  assert.equal(seen.length, 1);
  mock.timers.tick(5000);
  await new Promise(resolve => setImmediate(resolve));
  assert.equal(seen.length, 1);
  pf.checksum = '0xbb';
  pf.rules = '@0 block all\n';
  mock.timers.tick(5000);
  for (let i = 0; i < 20 && seen.length < 2; i++) await new Promise(resolve => setImmediate(resolve));
  const second = seen[1]!;
  assert.match(second.problem ?? second.text, /block all/);
  await watch.read();
  assert.equal(seen.length, 3);
  watch.stop();
});

test('rules that cannot be read are told as a problem', async () => {
  const seen: LiveRules[] = [];
  const watch = new RuleWatch(machine({ rules: '', checksum: '', isBroken: true }), 'openbsd', rules =>
    seen.push(rules),
  );
  await watch.read();
  assert.match(seen[0]!.problem!, /Permission denied/);
});
