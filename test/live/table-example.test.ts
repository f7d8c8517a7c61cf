import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openTable } from '../../src/table/open-table.js';
import { addresses, entries } from '../contract/table.js';
import { type ExampleHost, RULES, SPEC, setUpExample } from './example-host.js';
import { CANNOT_RUN, Namespace } from './table-netns.js';

/** The ruleset's mail server with somebody who watches what it logs. */
async function setUp(t: TestContext) {
  const host: ExampleHost = await setUpExample(t);
  const sniff = (group: number) =>
    host.start(host.mx, ['tcpdump', '-n', '-l', '--immediate-mode', '-i', `nflog:${group}`], 'listening on');
  return {
    ...host,
    inbound: await sniff(25),
    outbound: await sniff(26),
    table: await openTable(SPEC, host.mx.runner),
  };
}

/** The packets that were logged, as `source > destination flags`, once nothing more comes. */
async function logged(said: { text: string }): Promise<string[]> {
  for (let before = -1; said.text.length !== before; await sleep(300)) before = said.text.length;
  const packets = said.text.matchAll(/ IP6? (\S+)\.\d+ > (\S+): Flags (\[\S+\])/g);
  return [...packets].map(([, from, to, flags]) => `${from} > ${to} ${flags}`);
}

test('a whitelisted host gets to the mail server and is logged, any other gets to the tarpit and is not', {
  skip: CANNOT_RUN,
}, async t => {
  const { outside, table, ask, inbound, outbound } = await setUp(t);
  assert.deepEqual((await table.probe()).warnings, []);
  await table.add(entries('198.18.0.2', '2001:db8::2'));
  assert.equal(ask(outside, '198.18.0.1', '198.18.0.2'), 'mta');
  assert.equal(ask(outside, '198.18.0.1', '198.18.0.3'), 'tarpit');
  assert.equal(ask(outside, '2001:db8::1', '2001:db8::2'), 'mta');
  assert.equal(ask(outside, '2001:db8::1', '2001:db8::3'), 'tarpit');
  await table.add(entries('198.18.0.3'));
  await table.remove(['198.18.0.2']);
  assert.equal(ask(outside, '198.18.0.1', '198.18.0.3'), 'mta');
  assert.equal(ask(outside, '198.18.0.1', '198.18.0.2'), 'tarpit');
  assert.deepEqual(await logged(inbound), [
    '198.18.0.2 > 198.18.0.1.25 [S]',
    '2001:db8::2 > 2001:db8::1.25 [S]',
    '198.18.0.3 > 198.18.0.1.25 [S]',
  ]);
  assert.deepEqual(await logged(outbound), []);
});

test('what is dropped is not logged, whoever drops it', { skip: CANNOT_RUN }, async t => {
  const { mx, outside, table, ask, inbound, outbound } = await setUp(t);
  await table.add(entries('198.18.0.2', '198.18.0.3', '198.18.0.4', '2001:db8::4'));
  mx.nft(`
    add element inet spamlogd blocked4 { 198.18.0.4 }
    add element inet spamlogd blocked6 { 2001:db8::4 }
    table inet other {
      chain input { type filter hook input priority filter; policy accept; ip saddr 198.18.0.3 drop; }
      chain output { type filter hook output priority 50; policy accept; ip daddr 198.18.0.5 drop; }
    }\n`);
  assert.equal(ask(outside, '198.18.0.1', '198.18.0.3'), 'no answer');
  assert.equal(ask(outside, '198.18.0.1', '198.18.0.4'), 'no answer');
  assert.equal(ask(outside, '2001:db8::1', '2001:db8::4'), 'no answer');
  assert.equal(ask(outside, '198.18.0.1', '198.18.0.2'), 'mta');
  assert.equal(ask(mx, '198.18.0.5', '198.18.0.1'), 'no answer');
  assert.deepEqual(await logged(inbound), ['198.18.0.2 > 198.18.0.1.25 [S]']);
  assert.deepEqual(await logged(outbound), []);
});

test('a connection to another mail server is logged as outbound', { skip: CANNOT_RUN }, async t => {
  const { mx, ask, inbound, outbound } = await setUp(t);
  assert.equal(ask(mx, '198.18.0.5', '198.18.0.1'), 'mta');
  assert.equal(ask(mx, '2001:db8::5', '2001:db8::1'), 'mta');
  assert.deepEqual(await logged(outbound), [
    '198.18.0.1 > 198.18.0.5.25 [S]',
    '2001:db8::1 > 2001:db8::5.25 [S]',
  ]);
  assert.deepEqual(await logged(inbound), []);
});

test('trusted networks are not greylisted, and do not whitelist themselves', {
  skip: CANNOT_RUN,
}, async t => {
  const { mx, outside, ask, inbound } = await setUp(t);
  mx.nft('add element inet spamlogd trusted4 { 198.18.0.0/24 }\n');
  assert.equal(ask(outside, '198.18.0.1', '198.18.0.3'), 'mta');
  assert.equal(ask(outside, '2001:db8::1', '2001:db8::3'), 'tarpit');
  assert.deepEqual(await logged(inbound), []);
});

test('loading the ruleset again keeps the sets and doubles no rule', { skip: CANNOT_RUN }, async t => {
  const namespace = new Namespace();
  t.after(() => namespace.remove());
  namespace.nft(RULES);
  const table = await openTable(SPEC, namespace.runner);
  await table.add(entries('192.0.2.1', '2001:db8::1'));
  const rules = (): string => namespace.run('nft', ['list', 'ruleset']).replace(/expires [^ ,]+/g, '');
  const before = rules();
  namespace.nft(RULES);
  assert.equal(rules(), before);
  assert.deepEqual(await addresses(table), ['192.0.2.1', '2001:db8::1']);
});
