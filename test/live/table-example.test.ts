import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openTable } from '../../src/table/open-table.js';
import { parseTableSpec } from '../../src/table/table-spec.js';
import { addresses, entries } from '../contract/table.js';
import { CANNOT_RUN, connect, Namespace } from './table-netns.js';

/** The ruleset from examples/, as an administrator would load it. */
const RULES = readFileSync(new URL('../../../examples/nftables/spamlogd.nft', import.meta.url), 'utf8');
const SPEC = parseTableSpec('nft:inet:spamlogd:white4:white6');

/** Servers on ports 25 and 8025 that say who they are and hang up. */
const SERVERS = `
  const { createServer } = require('node:net');
  for (const [port, name] of [[25, 'mta'], [8025, 'tarpit']]) {
    createServer(socket => socket.on('error', () => {}).end(name)).listen(port, '::', () => console.log(name));
  }
  process.stdin.on('end', () => process.exit()).resume();`;

/** Connects to port 25 from an address and prints what the server said, or why there was none. */
const CLIENT = `
  const [host, localAddress] = process.argv.slice(1);
  const socket = require('node:net').connect({ host, port: 25, localAddress, timeout: 1500 });
  socket.setEncoding('utf8').on('data', text => console.log(text)).on('error', error => console.log(error.code));
  socket.on('timeout', () => { console.log('no answer'); socket.destroy(); });`;

/** Starts a program in a namespace, waits until it has said `sign`, and ends it with the test. */
async function start(t: TestContext, namespace: Namespace, command: string[], sign: string) {
  const [program, ...prefix] = namespace.prefix;
  const child = spawn(program, [...prefix, ...command]) as ChildProcessWithoutNullStreams;
  const said = { text: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', text => (said.text += text));
  t.after(async () => {
    const closed = once(child, 'close');
    child.stdin.end();
    child.kill('SIGTERM');
    await closed;
  });
  for (let i = 0; !said.text.includes(sign); i++) {
    assert.ok(i < 200, `${command[0]} said only: ${said.text}`);
    await sleep(25);
  }
  return said;
}

/** A mail server with the ruleset, and hosts outside of it: the last number of an address is its name. */
async function setUp(t: TestContext) {
  const mx = new Namespace();
  t.after(() => mx.remove());
  const outside = new Namespace();
  t.after(() => outside.remove());
  const hosts = [2, 3, 4, 5];
  const theirs = hosts.flatMap(host => [`198.18.0.${host}/24`, `2001:db8::${host}/64`]);
  connect(mx, outside, ['198.18.0.1/24', '2001:db8::1/64'], theirs);
  mx.nft(RULES);
  for (const namespace of [mx, outside])
    await start(t, namespace, [process.execPath, '-e', SERVERS], 'tarpit');
  const sniff = (group: number) =>
    start(t, mx, ['tcpdump', '-n', '-l', '--immediate-mode', '-i', `nflog:${group}`], 'listening on');
  const ask = (from: Namespace, to: string, local: string): string =>
    from.run(process.execPath, ['-e', CLIENT, '--', to, local]).trim();
  return {
    mx,
    outside,
    inbound: await sniff(25),
    outbound: await sniff(26),
    ask,
    table: await openTable(SPEC, mx.runner),
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
