import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WhiteEntry } from '../../src/table/difference.js';
import { TableKeeper } from '../../src/table/keeper.js';
import { NftTable } from '../../src/table/nft.js';
import type { NftTableSpec } from '../../src/table/table-spec.js';
import { addresses } from '../contract/table.js';
import { CANNOT_RUN, Namespace } from './table-netns.js';

const SPEC: NftTableSpec = { kind: 'nft', family: 'inet', table: 't', set4: 'w4', set6: 'w6' };
const RULES = `table inet t {
  set w4 { type ipv4_addr; flags timeout; }
  set w6 { type ipv6_addr; flags timeout; }
}\n`;

/** A keeper of a table in the kernel. */
function setUp(t: TestContext, reconcileIntervalSeconds: number) {
  const namespace = new Namespace();
  namespace.nft(RULES);
  const white = new Map<string, number>();
  const log: string[] = [];
  const table = new NftTable(SPEC, namespace.runner);
  const keeper = new TableKeeper({
    table,
    source: async function* (): AsyncGenerator<WhiteEntry> {
      for (const [address, expire] of white) yield { address, expire };
    },
    log: { info: text => void log.push(text), warn: text => void log.push(text) },
    reconcileIntervalSeconds,
  });
  t.after(async () => {
    await keeper.stop();
    namespace.remove();
  });
  const whiten = (...list: string[]): WhiteEntry[] =>
    list.map(address => {
      const expire = Date.now() / 1000 + 36 * 86_400;
      white.set(address, expire);
      return { address, expire };
    });
  return { namespace, table, white, log, keeper, whiten };
}

/** Waits until it is so, for ten seconds at most. */
async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(50)) if (await isSo()) return;
  assert.fail('it did not come about');
}

test('a set that is flushed behind the keeper is filled again', { skip: CANNOT_RUN }, async t => {
  const { namespace, table, keeper, whiten, log } = setUp(t, 0.3);
  whiten('192.0.2.1', '2001:db8::1');
  await keeper.start();
  keeper.push(whiten('192.0.2.2'));
  await until(() => keeper.status().entries === 3);
  namespace.nft('flush set inet t w4\n');
  await until(() => keeper.status().lost === 2);
  assert.deepEqual(await addresses(table), ['192.0.2.1', '192.0.2.2', '2001:db8::1']);
  assert.match(
    log[1]!,
    /^nftables sets inet t w4 and w6 had drifted: 2 of our entries gone, 0 foreign; repaired$/,
  );
});

test('a set that is deleted and declared again under the keeper is filled again', {
  skip: CANNOT_RUN,
}, async t => {
  const { namespace, table, keeper, whiten, log } = setUp(t, 0.3);
  whiten('192.0.2.1', '2001:db8::1');
  await keeper.start();
  namespace.nft('delete table inet t\n');
  await until(() => keeper.status().state === 'failing');
  keeper.push(whiten('192.0.2.2'));
  assert.match(
    log[1]!,
    /there is no set w4; load the ruleset that declares it; trying again until it works$/,
  );
  namespace.nft(RULES);
  await until(() => keeper.status().state === 'in-line' && keeper.status().waiting === 0);
  assert.deepEqual(await addresses(table), ['192.0.2.1', '192.0.2.2', '2001:db8::1']);
  assert.ok(log.some(text => /works again after \d+ s and \d+ failed attempts$/.test(text)));
});

test('what was put into a set that forgets nothing gets an end when the set is declared with timeouts', {
  skip: CANNOT_RUN,
}, async t => {
  const { namespace, table, keeper, whiten } = setUp(t, 1);
  const plain = RULES.replaceAll('flags timeout;', '');
  namespace.nft(`delete table inet t\n${plain}`);
  await keeper.start();
  // Both happen before the next look, which a table that is gone for a while keeps away.
  keeper.push(whiten('192.0.2.1'));
  await until(() => keeper.status().waiting === 0);
  namespace.nft(`delete table inet t\n${RULES}`);
  keeper.push(whiten('192.0.2.2', '2001:db8::2'));
  await until(() => keeper.status().waiting === 0);
  await until(async () => {
    const entries = [...(await table.read())];
    return entries.length === 3 && entries.every(entry => (entry.lifetimeSeconds ?? 0) > 35 * 86_400);
  });
});

test('a full set is refreshed, and is trouble once until it has room', { skip: CANNOT_RUN }, async t => {
  const { namespace, table, keeper, whiten, white, log } = setUp(t, 60);
  namespace.nft(`delete table inet t\n${RULES.replaceAll('timeout;', 'timeout; size 2;')}`);
  namespace.nft('add element inet t w4 { 192.0.2.1 timeout 1h, 192.0.2.2 timeout 1h }\n');
  whiten('192.0.2.1', '192.0.2.3');
  await keeper.start();
  const life = async (address: string): Promise<number> =>
    [...(await table.read())].find(entry => entry.address === address)?.lifetimeSeconds ?? 0;
  assert.ok((await life('192.0.2.1')) > 35 * 86_400);
  assert.equal(await life('192.0.2.3'), 0);
  keeper.push(whiten('192.0.2.4', '2001:db8::1'));
  white.delete('192.0.2.3');
  await sleep(3500);
  assert.equal(keeper.status().state, 'failing');
  assert.equal(log.filter(text => /the set is full; .*; trying again until it works$/.test(text)).length, 1);
  assert.ok(keeper.status().failures <= 5, `${keeper.status().failures} failures`);
  namespace.nft('delete element inet t w4 { 192.0.2.2 }\n');
  await keeper.reconcile();
  assert.equal(keeper.status().state, 'in-line');
  assert.deepEqual(await addresses(table), ['192.0.2.1', '192.0.2.4', '2001:db8::1']);
});

test('nothing of the table is taken away when the keeper stops', { skip: CANNOT_RUN }, async t => {
  const { table, keeper, whiten } = setUp(t, 60);
  whiten('192.0.2.1');
  await keeper.start();
  keeper.push(whiten('2001:db8::2'));
  await keeper.stop();
  assert.deepEqual(await addresses(table), ['192.0.2.1', '2001:db8::2']);
});

test('a look at a large set ends although new addresses keep coming', { skip: CANNOT_RUN }, async t => {
  const { keeper, whiten, table } = setUp(t, 60);
  whiten(...Array.from({ length: 100_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`));
  await keeper.start();
  let isOver = false;
  const look = keeper.reconcile().then(() => {
    isOver = true;
  });
  let pushed = 0;
  for (const end = Date.now() + 30_000; !isOver && Date.now() < end; pushed++) {
    keeper.push(whiten(`192.0.${pushed >> 8}.${pushed & 255}`));
    await sleep(40);
  }
  assert.ok(isOver, 'the look is still under way after 30 s');
  await look;
  await until(() => keeper.status().waiting === 0);
  assert.equal(keeper.status().lost, 0);
  assert.equal((await table.read()).length, 100_000 + pushed);
  t.diagnostic(`${pushed} addresses were pushed meanwhile`);
});
