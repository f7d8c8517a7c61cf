import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { NftTable } from '../../src/table/nft.js';
import type { NftTableSpec } from '../../src/table/table-spec.js';
import { CANNOT_RUN, connect, Namespace } from './table-netns.js';

const SPEC: NftTableSpec = { kind: 'nft', family: 'inet', table: 't', set4: 'w4', set6: 'w6' };

/** Counts datagrams to port 9 by whether their source is in a set. */
const RULES = `table inet t {
  set w4 { type ipv4_addr; flags timeout; }
  set w6 { type ipv6_addr; flags timeout; }
  counter hit { }
  counter miss { }
  chain input {
    type filter hook input priority filter; policy accept;
    udp dport 9 ip saddr @w4 counter name hit drop
    udp dport 9 ip6 saddr @w6 counter name hit drop
    udp dport 9 counter name miss drop
  }
}\n`;

/** Sends datagrams to both addresses until standard input ends, then says how many it sent. */
const SENDER = `
  const { createSocket } = require('node:dgram');
  const [four, six] = [createSocket('udp4'), createSocket('udp6')];
  let sent = 0;
  let isOver = false;
  process.stdin.on('end', () => (isOver = true)).resume();
  const more = () => {
    if (isOver) { console.log(sent); four.close(); six.close(); return; }
    let open = 40;
    const done = error => { if (!error) sent += 1; if (--open === 0) setImmediate(more); };
    for (let i = 0; i < 20; i++) { four.send('x', 9, '198.18.0.1', done); six.send('x', 9, '2001:db8::1', done); }
  };
  more();`;

/** Packets that each counter has seen. */
function counters(namespace: Namespace): Record<string, number> {
  const { nftables } = JSON.parse(namespace.run('nft', ['-j', 'list', 'counters']));
  const named = nftables.flatMap(
    (object: { counter?: { name: string; packets: number } }) => object.counter ?? [],
  );
  return Object.fromEntries(
    named.map(({ name, packets }: { name: string; packets: number }) => [name, packets]),
  );
}

for (const updatesElements of [true, false]) {
  const how = updatesElements ? 'updated' : 'deleted and added';
  test(`while a set is replaced and elements are ${how} no lookup of a member fails`, {
    skip: CANNOT_RUN,
  }, async t => {
    const firewall = new Namespace();
    t.after(() => firewall.remove());
    const outside = new Namespace();
    t.after(() => outside.remove());
    connect(firewall, outside, ['198.18.0.1/15', '2001:db8::1/64'], ['198.18.0.2/15', '2001:db8::2/64']);
    firewall.nft(RULES);
    const table = new NftTable(SPEC, firewall.runner, { updatesElements });
    const list = (lifetimeSeconds: number) => [
      { address: '2001:db8::2', lifetimeSeconds },
      ...Array.from({ length: 50_000 }, (_, i) => ({
        address: `10.0.${i >> 8}.${i & 255}`,
        lifetimeSeconds,
      })),
      { address: '198.18.0.2', lifetimeSeconds },
    ];
    await table.replace(list(1000));
    const [program, ...args] = outside.prefix;
    const sender = spawn(program, [...args, process.execPath, '-e', SENDER], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    sender.stdout.setEncoding('utf8').on('data', text => (output += text));
    for (let round = 0; round < 4; round++) {
      await table.replace(list(2000 + round));
      await table.add(list(3000 + round));
    }
    sender.stdin.end();
    await once(sender, 'close');
    const { hit = 0, miss = 0 } = counters(firewall);
    t.diagnostic(`${hit} lookups while 8 transactions of 50,002 elements were made`);
    assert.equal(miss, 0);
    assert.ok(hit > 1000);
    assert.equal(hit, Number(output));
  });
}
