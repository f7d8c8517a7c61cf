import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PfTable } from '../../src/table/pf.js';
import { createRunner, type RunnerOptions } from '../../src/table/runner.js';
import type { TableErrorCode } from '../../src/table/table.js';
import { addresses, entries, rejects } from '../contract/table.js';
import { PfctlDouble } from '../doubles/pfctl-double.js';
import type { DoubleFault, PfState } from '../doubles/pfctl-state.js';

/** A table of a pf that lives as long as the test. */
function open(t: TestContext, state: Partial<PfState> = {}, options: RunnerOptions = {}, anchor = '') {
  const pf = new PfctlDouble(state);
  t.after(() => pf.remove());
  const runner = createRunner({ commands: pf.commands, ...options });
  return { pf, table: new PfTable({ kind: 'pf', anchor, table: 'spamd-white' }, runner) };
}

/** `count` addresses of 10.0.0.0/8. */
function many(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
}

test('pfctl gets its arguments one by one and addresses on standard input only', async t => {
  const { pf, table } = open(
    t,
    { anchors: ['a/b'], tables: { 'a/b/spamd-white': { flags: '-pa-r--', addresses: [] } } },
    {},
    'a/b',
  );
  await table.probe();
  await table.add(entries('192.0.2.1'));
  await table.remove(['192.0.2.1']);
  await table.replace(entries('192.0.2.2'));
  await table.dryRun({ verb: 'replace', entries: entries('192.0.2.3') });
  await table.dryRun({ verb: 'add', entries: entries('192.0.2.3') });
  await table.read();
  await table.fingerprint();
  const edit = (command: string) => ['-a', 'a/b', '-q', '-t', 'spamd-white', '-T', command, '-f', '-'];
  assert.deepEqual(pf.calls, [
    ['-a', 'a/b', '-v', '-s', 'Tables'],
    ['-v', '-s', 'info'],
    edit('add'),
    edit('delete'),
    edit('replace'),
    ['-n', ...edit('replace')],
    ['-n', ...edit('add')],
    ['-a', 'a/b', '-q', '-t', 'spamd-white', '-T', 'show'],
    ['-v', '-s', 'info'],
  ]);
});

test('a probe warns of a table that would vanish and of a pf that is off', async t => {
  const { pf, table } = open(t);
  assert.deepEqual(await table.probe(), { forgets: false, warnings: [] });
  pf.change(state => {
    state.tables['spamd-white']!.flags = '--a-r--';
    state.enabled = false;
  });
  const { warnings } = await table.probe();
  assert.equal(warnings.length, 2);
  assert.match(warnings[0]!, /^pf table <spamd-white> is not declared "persist": it vanishes/);
  assert.match(warnings[1]!, /^pf is disabled/);
});

test('a table of another name is not taken for ours', async t => {
  const tables = {
    'spamd-white2': { flags: '-pa-r--', addresses: [] },
    spamd: { flags: '-pa-r--', addresses: [] },
  };
  const { table } = open(t, { tables });
  await rejects(
    table.probe(),
    'missing',
    /^Cannot probe pf table <spamd-white>: there is no such table; declare "table <spamd-white> persist" in pf\.conf$/,
  );
});

test('a missing, a const and a forbidden table are told apart', async t => {
  for (const platform of ['openbsd', 'freebsd'] as const) {
    const missing = open(t, { platform, tables: {} }).table;
    await rejects(
      missing.read(),
      'missing',
      /^Cannot read pf table <spamd-white>: there is no such table; declare/,
    );
    await rejects(
      missing.remove(['192.0.2.1']),
      'missing',
      /declare "table <spamd-white> persist" in pf\.conf/,
    );
    const tables = { 'spamd-white': { flags: 'cpa-r--', addresses: ['192.0.2.9'] } };
    const constant = open(t, { platform, tables }).table;
    await rejects(
      constant.probe(),
      'constant',
      /^Cannot probe .* declared "const"; take that out of pf\.conf$/,
    );
    await rejects(constant.add(entries('192.0.2.1')), 'constant', /^Cannot add to .* declared "const"/);
    await rejects(constant.replace(entries('192.0.2.1')), 'constant', /^Cannot replace .* declared "const"/);
    const forbidden = open(t, { platform, faults: [{ kind: 'eperm', command: 'add' }] }).table;
    await rejects(
      forbidden.add(entries('192.0.2.1')),
      'permission',
      /^Cannot add to .*: pf forbids it; run pfctl as root/,
    );
  }
});

test('pfctl makes a table that is missing, and cannot at securelevel 2', async t => {
  const { pf, table } = open(t, { tables: {} });
  await table.add(entries('192.0.2.1'));
  assert.equal(pf.state.tables['spamd-white']?.flags, '-pa----');
  const { table: hardened } = open(t, { tables: {}, securelevel: 2 });
  await rejects(hardened.add(entries('192.0.2.1')), 'missing', /declare "table <spamd-white> persist"/);
});

test('an anchor that is not there is missing, and without one the same words mean something else', async t => {
  for (const platform of ['openbsd', 'freebsd'] as const) {
    const { table } = open(t, { platform }, {}, 'a/b');
    await rejects(
      table.read(),
      'missing',
      /^Cannot read pf table <spamd-white> in anchor "a\/b": there is no anchor "a\/b"/,
    );
  }
  // A cap of 0 makes even one address an invalid argument.
  const { table } = open(t, { requestMaxcount: 0, namesMaxcount: false });
  await rejects(
    table.add(entries('192.0.2.1')),
    'failed',
    /calls an argument invalid \(it says that an anchor does not exist\)$/,
  );
});

test('each way in which pfctl fails is a sentence that says what to do', async t => {
  const failures: [DoubleFault['kind'], TableErrorCode, RegExp][] = [
    ['enomem', 'full', /pf has no room for more; raise "set limit table-entries" in pf\.conf$/],
    ['vanished', 'missing', /there is no such table; declare/],
    ['no-device', 'unavailable', /pf is not in this kernel; load it, or name another --table$/],
    ['no-permission', 'permission', /pf forbids it; run pfctl as root/],
    ['no-fdescfs', 'unavailable', /pfctl cannot use the open \/dev\/pf; mount fdescfs on \/dev\/fd$/],
    ['killed', 'failed', /pfctl was killed by SIGKILL$/],
    ['slow', 'timeout', /pfctl was not done after 0\.5 s and was killed$/],
    ['usage', 'failed', /pfctl ended with status 1: it said "usage: pfctl /],
  ];
  for (const [kind, code, message] of failures) {
    const { pf, table } = open(t, { faults: [{ kind, command: 'add', times: 1 }] }, { deadlineSeconds: 0.5 });
    await rejects(table.add(entries('192.0.2.1')), code, message);
    assert.deepEqual(pf.state.tables['spamd-white']?.addresses, [], kind);
    const patient = new PfTable(
      { kind: 'pf', anchor: '', table: 'spamd-white' },
      createRunner({ commands: pf.commands }),
    );
    await patient.add(entries('192.0.2.1'));
    assert.deepEqual(await addresses(patient), ['192.0.2.1']);
  }
});

test('a status without a word is told in words, noise or not', async t => {
  for (const platform of ['openbsd', 'freebsd'] as const) {
    for (const [kind, message] of [
      [
        'status-1',
        /: pfctl could not open \/dev\/pf, or does not know its arguments \(status 1\); run it as root, and /,
      ],
      [
        'status-2',
        /: pfctl found that not all addresses match \(status 2\), .*; see that it is the pfctl of this system$/,
      ],
      [
        'status-255',
        /: pf refused it and gave no reason \(status 255\); see whether .*, and load the rules anew$/,
      ],
      ['status-3', /: pfctl ended with status 3: it said nothing$/],
    ] as const) {
      const { table } = open(t, { platform, faults: [{ kind, command: 'add' }] });
      await rejects(table.add(entries('192.0.2.1')), 'failed', message);
    }
  }
});

test('a listing that does not end is cut off', async t => {
  const { table } = open(t, { faults: [{ kind: 'babble' }] }, { outputLimitBytes: 1 << 20 });
  await rejects(table.read(), 'failed', /pfctl said more than 1048576 bytes and was killed$/);
});

test('words on standard error are no failure where the status is 0, and are not the reason where it is not', async t => {
  const { table } = open(t, { faults: [{ kind: 'noise' }] });
  await table.add(entries('192.0.2.1'));
  assert.deepEqual(await addresses(table), ['192.0.2.1']);
  const { table: wordy } = open(t, {
    platform: 'freebsd',
    requestMaxcount: 0,
    namesMaxcount: false,
    faults: [{ kind: 'noise' }],
  });
  await rejects(
    wordy.add(entries('192.0.2.1')),
    'failed',
    /status 255: it said "pfctl: Invalid argument\."$/,
  );
});

test('a machine without pfctl is told to name another table', async t => {
  const { table } = open(t, {}, { commands: { pfctl: ['/nonexistent/pfctl'] } });
  await rejects(
    table.probe(),
    'unavailable',
    /^Cannot probe pf table <spamd-white>: there is no program pfctl here; name another --table, or none$/,
  );
});

test('a table that would grow over the limit of pf stays as it was', async t => {
  const { table } = open(t, { limit: 3 });
  await table.add(entries('192.0.2.1', '192.0.2.2'));
  await rejects(table.add(entries('192.0.2.3', '192.0.2.4')), 'full');
  await rejects(table.replace(entries(...many(4))), 'full');
  assert.deepEqual(await addresses(table), ['192.0.2.1', '192.0.2.2']);
});

test('requests shrink to what the platform takes, named or not', async t => {
  for (const namesMaxcount of [true, false]) {
    const { pf, table } = open(t, { platform: 'freebsd', requestMaxcount: 5000, namesMaxcount });
    await table.add(entries(...many(12_000)));
    assert.equal(pf.state.tables['spamd-white']?.addresses.length, 12_000);
    await table.remove(many(11_000));
    assert.deepEqual(await addresses(table), many(12_000).slice(11_000).sort());
  }
});

test('a replacement that one request cannot hold converges without emptying the table', async t => {
  const { pf, table } = open(t, { platform: 'freebsd', requestMaxcount: 5000 });
  await table.add(entries(...many(3000)));
  await table.replace(entries(...many(9000).slice(2000)));
  assert.deepEqual(pf.state.tables['spamd-white']?.addresses.sort(), many(9000).slice(2000).sort());
  const commands = pf.calls.map(call => call[call.indexOf('-T') + 1]);
  assert.ok(commands.lastIndexOf('add') < commands.indexOf('delete'));
});

test('a table too large to be listed says which limit to raise', async t => {
  for (const namesMaxcount of [true, false]) {
    const tables = { 'spamd-white': { flags: '-pa-r--', addresses: many(100) } };
    const { table } = open(t, { platform: 'freebsd', requestMaxcount: 50, namesMaxcount, tables });
    await rejects(table.read(), 'too-many', /raise sysctl net\.pf\.request_maxcount/);
  }
});

test('networks and negations of others are read as they are, and can be taken out', async t => {
  const foreign = ['10.0.0.0/8', '!10.1.0.0/16', '!192.0.2.7', '2001:db8::/32', '::ffff:192.0.2.1'];
  const { table } = open(t, {
    tables: { 'spamd-white': { flags: '-pa-r--', addresses: [...foreign, '192.0.2.1'] } },
  });
  assert.deepEqual(
    Array.from(await table.read(), entry => entry.address),
    ['192.0.2.1', ...foreign],
  );
  await table.remove(foreign);
  assert.deepEqual(await addresses(table), ['192.0.2.1']);
});

test('the fingerprint is the checksum of the ruleset', async t => {
  const { pf, table } = open(t);
  assert.equal(await table.fingerprint(), '0x0123456789abcdef0123456789abcdef');
  pf.change(state => {
    state.checksum = 'f'.repeat(32);
  });
  assert.equal(await table.fingerprint(), `0x${'f'.repeat(32)}`);
});
