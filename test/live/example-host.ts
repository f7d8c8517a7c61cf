// The ruleset from examples/nftables in force on a mail server, with hosts that connect to it and are connected to.

import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseTableSpec, type TableSpec } from '../../src/table/table-spec.js';
import { connect, Namespace } from './table-netns.js';

/** The ruleset from examples/, as an administrator would load it. */
export const RULES: string = readFileSync(
  new URL('../../../examples/nftables/spamlogd.nft', import.meta.url),
  'utf8',
);
export const SPEC: TableSpec = parseTableSpec('nft:inet:spamlogd:white4:white6');

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

/** A mail server with the ruleset, and hosts outside of it. */
export interface ExampleHost {
  /** 198.18.0.1 and 2001:db8::1, with a mail system and a tarpit. */
  readonly mx: Namespace;
  /** 198.18.0.2 to .5 and 2001:db8::2 to ::5, all of them mail servers. */
  readonly outside: Namespace;
  /** Connects to port 25 of an address from a local one; gives who answered. */
  ask(from: Namespace, to: string, local: string): string;
  /** Starts a program that ends with the test, once it has said `sign`. */
  start(namespace: Namespace, command: string[], sign: string): Promise<{ readonly text: string }>;
}

/** Sets up a mail server for a test: the last number of an address is its name. */
export async function setUpExample(t: TestContext): Promise<ExampleHost> {
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
  return {
    mx,
    outside,
    ask: (from, to, local) => from.run(process.execPath, ['-e', CLIENT, '--', to, local]).trim(),
    start: (namespace, command, sign) => start(t, namespace, command, sign),
  };
}
