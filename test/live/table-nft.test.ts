import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { NftTable, type NftTableOptions } from '../../src/table/nft.js';
import type { NftTableSpec } from '../../src/table/table-spec.js';
import { addresses, entries, rejects, type TableUnderTest, tableContract } from '../contract/table.js';
import { CANNOT_RUN, Namespace } from './table-netns.js';

const SPEC: NftTableSpec = { kind: 'nft', family: 'inet', table: 't', set4: 'w4', set6: 'w6' };

/** Two sets with these properties. */
function declare(properties: string): string {
  return `table inet t {
    set w4 { type ipv4_addr; ${properties} }
    set w6 { type ipv6_addr; ${properties} }
  }\n`;
}

async function open(properties: string, options: NftTableOptions = {}): Promise<TableUnderTest> {
  const namespace = new Namespace();
  namespace.nft(declare(properties));
  return {
    table: new NftTable(SPEC, namespace.runner, options),
    drop: async () => namespace.nft('delete table inet t\n'),
    close: async () => namespace.remove(),
  };
}

if (CANNOT_RUN) test('tables of nftables', { skip: CANNOT_RUN });
else {
  tableContract('nftables with timeouts', () => open('flags timeout;'));
  tableContract('nftables with timeouts, on a kernel that updates none', () =>
    open('flags timeout;', { updatesElements: false }),
  );
  tableContract('nftables with a default timeout', () => open('flags timeout; timeout 5d;'));
  tableContract('nftables without timeouts', () => open(''), { lives: 'these sets have no timeouts' });
  tableContract('nftables that rules may write to', () => open('flags timeout,dynamic; size 65536;'));
}

/** A table in a namespace of the test's own. */
function setUp(t: TestContext, rules: string, spec: NftTableSpec = SPEC) {
  const namespace = new Namespace();
  t.after(() => namespace.remove());
  namespace.nft(rules);
  return { namespace, table: new NftTable(spec, namespace.runner) };
}

/** `count` addresses of 10.0.0.0/8. */
function many(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
}

test('100,000 elements go in, are read, renewed, replaced and taken out', { skip: CANNOT_RUN }, async t => {
  const { table } = setUp(t, declare('flags timeout;'));
  const list = many(100_000);
  const life = (lifetimeSeconds: number) => list.map(address => ({ address, lifetimeSeconds }));
  await table.add(life(1000));
  assert.equal((await table.read()).length, 100_000);
  await table.add(life(36 * 86_400));
  const renewed = await table.read();
  assert.equal(renewed.length, 100_000);
  assert.ok([...renewed].every(entry => entry.lifetimeSeconds! > 35 * 86_400));
  await table.replace(life(2000).slice(50_000));
  assert.deepEqual(await addresses(table), list.slice(50_000).sort());
  await table.remove(list.slice(0, 99_990));
  assert.deepEqual(await addresses(table), list.slice(99_990).sort());
});

test('the kernel forgets an element when its life is over, and no sooner', { skip: CANNOT_RUN }, async t => {
  const { table } = setUp(t, declare('flags timeout;'));
  // Long enough for what a loaded machine does meanwhile.
  const lifetimeSeconds = 5;
  await table.add([
    { address: '192.0.2.1', lifetimeSeconds },
    { address: '192.0.2.2', lifetimeSeconds },
    { address: '2001:db8::1', lifetimeSeconds },
    { address: '192.0.2.3', lifetimeSeconds: 60 },
  ]);
  await sleep(1000);
  assert.deepEqual(await addresses(table), ['192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1']);
  await table.add([{ address: '192.0.2.2', lifetimeSeconds: 60 }]);
  await sleep(lifetimeSeconds * 1000);
  assert.deepEqual(await addresses(table), ['192.0.2.2', '192.0.2.3']);
  await table.remove(['192.0.2.1', '192.0.2.2']);
  assert.deepEqual(await addresses(table), ['192.0.2.3']);
});

test('a set that is full takes nothing of a batch, says so, and still lets go', {
  skip: CANNOT_RUN,
}, async t => {
  const { table } = setUp(t, declare('flags timeout; size 3;'));
  assert.equal((await table.probe()).capacity, 6);
  await table.add(entries('192.0.2.1', '192.0.2.2'));
  await rejects(
    table.add(entries('192.0.2.3', '192.0.2.4', '2001:db8::1')),
    'full',
    /the set is full; declare it with a greater "size"/,
  );
  await rejects(table.dryRun({ verb: 'add', entries: entries('192.0.2.3', '192.0.2.4') }), 'full');
  assert.deepEqual(await addresses(table), ['192.0.2.1', '192.0.2.2']);
  await table.add(entries('192.0.2.3'));
  await table.add(entries('192.0.2.1', '192.0.2.2', '192.0.2.3'));
  await table.remove(['192.0.2.9', '192.0.2.1']);
  await table.replace(entries('192.0.2.4', '192.0.2.5', '192.0.2.6'));
  assert.deepEqual(await addresses(table), ['192.0.2.4', '192.0.2.5', '192.0.2.6']);
});

test('a batch of which the kernel refuses so much that nft loses the reasons is still said to be too large', {
  skip: CANNOT_RUN,
}, async t => {
  const { table } = setUp(t, declare('flags timeout; size 60000;'));
  await table.add(entries(...many(40_000)));
  const list = entries(...many(100_000));
  await rejects(table.add(list), 'full', /the set is full/);
  await rejects(table.replace(list), 'full', /the set is full/);
  await rejects(table.dryRun({ verb: 'add', entries: list }), 'full', /the set is full/);
  assert.equal((await table.read()).length, 40_000);
});

test('sets of the wrong kind are refused with the reason, as the kernel really lists them', {
  skip: CANNOT_RUN,
}, async t => {
  const { namespace } = setUp(
    t,
    `table inet t {
      set wide { type ipv4_addr; flags interval; }
      set fixed { type ipv4_addr; flags constant; elements = { 192.0.2.1 } }
      set pairs { type ipv4_addr . inet_service; }
      set cards { type ether_addr; }
      map fates { type ipv4_addr : verdict; }
      set spoken { typeof ip saddr; flags timeout; }
    }\n`,
  );
  const table = (set4: string) =>
    new NftTable({ kind: 'nft', family: 'inet', table: 't', set4 }, namespace.runner);
  await rejects(table('wide').probe(), 'unsuitable', /has "flags interval"/);
  await rejects(table('fixed').probe(), 'constant', /has "flags constant"/);
  await rejects(table('fixed').add(entries('192.0.2.2')), 'constant');
  await rejects(table('pairs').add(entries('192.0.2.2')), 'unsuitable', /not of type ipv4_addr/);
  await rejects(table('cards').probe(), 'unsuitable', /not of type ipv4_addr/);
  await rejects(table('fates').probe(), 'missing');
  await rejects(
    table('nowhere').add(entries('192.0.2.2')),
    'missing',
    /there is no set nowhere; load the ruleset/,
  );
  await table('spoken').add(entries('192.0.2.2'));
  assert.deepEqual(await addresses(table('spoken')), ['192.0.2.2']);
});

test('a set that was declared anew in another way is filled as it is now', { skip: CANNOT_RUN }, async t => {
  const { namespace, table } = setUp(t, declare('flags timeout;'));
  await table.add(entries('192.0.2.1'));
  namespace.nft(`delete table inet t\n${declare('')}`);
  await table.add(entries('192.0.2.1'));
  assert.deepEqual([...(await table.read())], [{ address: '192.0.2.1' }]);
});

test('without privileges each method says which one is wanting', { skip: CANNOT_RUN }, async t => {
  const { namespace } = setUp(t, declare('flags timeout;'));
  const { createRunner } = await import('../../src/table/runner.js');
  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] as const;
  const runner = createRunner({ commands: { nft: [...namespace.prefix, ...nobody, 'nft'] } });
  await rejects(new NftTable(SPEC, runner).probe(), 'permission', /run nft as root or with CAP_NET_ADMIN$/);
  await rejects(new NftTable(SPEC, runner).add(entries('192.0.2.1')), 'permission');
});

test('CAP_NET_ADMIN alone is enough', { skip: CANNOT_RUN }, async t => {
  const { namespace } = setUp(t, declare('flags timeout;'));
  const { createRunner } = await import('../../src/table/runner.js');
  const drop = [
    'setpriv',
    '--reuid',
    '65534',
    '--regid',
    '65534',
    '--clear-groups',
    '--no-new-privs',
  ] as const;
  const keep = ['--inh-caps', '-all,+net_admin', '--ambient-caps', '-all,+net_admin'] as const;
  const runner = createRunner({ commands: { nft: [...namespace.prefix, ...drop, ...keep, 'nft'] } });
  const table = new NftTable(SPEC, runner);
  await table.add(entries('192.0.2.1', '2001:db8::1'));
  assert.deepEqual(await addresses(table), ['192.0.2.1', '2001:db8::1']);
});
