import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WhiteEntry } from '../../src/table/difference.js';
import { TableKeeper } from '../../src/table/keeper.js';
import { openTable } from '../../src/table/open-table.js';
import { RemoteTable } from '../../src/table/remote-table.js';
import { createRunner } from '../../src/table/runner.js';
import { TableExecutor } from '../../src/table/table-executor.js';
import { PfctlDouble } from '../doubles/pfctl-double.js';

/** Waits until it is so, for ten seconds at most. */
async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(20)) if (isSo()) return;
  assert.fail('it did not come about');
}

/** A keeper of a pf table that the privileged side changes for it. */
async function setUp(t: TestContext, reconcileIntervalSeconds: number) {
  const pf = new PfctlDouble();
  const local = await openTable(
    { kind: 'pf', anchor: '', table: 'spamd-white' },
    createRunner({ commands: pf.commands }),
  );
  const executor = new TableExecutor([local]);
  const table = new RemoteTable({ index: 0, name: local.name, families: local.families }, command =>
    executor.execute(command),
  );
  const white = new Map<string, number>();
  const log: string[] = [];
  const keeper = new TableKeeper({
    table,
    source: async function* (): AsyncGenerator<WhiteEntry> {
      for (const [address, expire] of white) yield { address, expire };
    },
    log: { info: text => void log.push(text), warn: text => void log.push(text) },
    reconcileIntervalSeconds,
    fingerprintIntervalSeconds: 0.2,
  });
  t.after(async () => {
    await keeper.stop();
    pf.remove();
  });
  const whiten = (address: string): WhiteEntry[] => {
    const expire = Date.now() / 1000 + 36 * 86_400;
    white.set(address, expire);
    return [{ address, expire }];
  };
  return { pf, keeper, white, log, whiten, held: () => pf.state.tables['spamd-white']?.addresses.toSorted() };
}

test('a ruleset that was loaded anew and emptied the table is noticed by its checksum', async t => {
  const { pf, keeper, whiten, held, log } = await setUp(t, 3600);
  whiten('192.0.2.1');
  await keeper.start();
  keeper.push(whiten('2001:db8::1'));
  await until(() => held()?.length === 2);
  await until(() => pf.calls.filter(call => call.includes('info')).length > 1);
  pf.change(state => {
    state.tables['spamd-white']!.addresses = [];
    state.checksum = 'f'.repeat(32);
  });
  await until(() => held()?.length === 2);
  await until(() => keeper.status().lost === 2);
  assert.deepEqual(held(), ['192.0.2.1', '2001:db8::1']);
  assert.ok(log.includes('The ruleset has changed: looking at pf table <spamd-white>'));
  assert.ok(log.includes('pf table <spamd-white> had drifted: 2 of our entries gone, 0 foreign; repaired'));
});

test('what pfctl refuses for a while is in the table afterwards, and what expired meanwhile is not', async t => {
  const { pf, keeper, white, whiten, held } = await setUp(t, 0.5);
  whiten('192.0.2.1');
  whiten('192.0.2.2');
  await keeper.start();
  assert.deepEqual(held(), ['192.0.2.1', '192.0.2.2']);
  pf.change(state => {
    state.faults = [
      { kind: 'enomem', command: 'add' },
      { kind: 'eperm', command: 'delete' },
    ];
  });
  keeper.push(whiten('192.0.2.3'));
  white.delete('192.0.2.1');
  keeper.expire(['192.0.2.1']);
  await until(() => keeper.status().state === 'failing');
  assert.deepEqual(held(), ['192.0.2.1', '192.0.2.2']);
  pf.change(state => {
    state.faults = [];
  });
  await until(() => keeper.status().state === 'in-line' && keeper.status().waiting === 0);
  assert.deepEqual(held(), ['192.0.2.2', '192.0.2.3']);
});
