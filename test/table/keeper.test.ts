import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WhiteEntry } from '../../src/table/difference.js';
import { TableKeeper, type TableKeeperOptions } from '../../src/table/keeper.js';
import { FakeClock, settle } from './fake-clock.js';
import { MemoryTable, type MemoryTableOptions } from './memory-table.js';

const DAY = 86_400;

/** A keeper, its table, its database and its log. */
function setUp(options: Partial<TableKeeperOptions> & { memory?: MemoryTableOptions } = {}) {
  const clock = new FakeClock();
  const table = new MemoryTable({ now: () => clock.now(), ...options.memory });
  const white = new Map<string, number>();
  const database = { white, fault: undefined as Error | undefined, reads: 0 };
  const log: string[] = [];
  const keeper = new TableKeeper({
    table,
    source: async function* (): AsyncGenerator<WhiteEntry> {
      database.reads += 1;
      if (database.fault) throw database.fault;
      for (const [address, expire] of white) yield { address, expire };
    },
    log: { info: text => void log.push(`info: ${text}`), warn: text => void log.push(`warn: ${text}`) },
    clock,
    ...options,
  });
  /** Makes addresses white for so many days, as the database tells. */
  const whiten = (days: number, ...addresses: string[]): WhiteEntry[] =>
    addresses.map(address => {
      const expire = clock.now() + days * DAY;
      white.set(address, expire);
      return { address, expire };
    });
  return { clock, table, white, database, log, keeper, whiten };
}

/** What a table holds that is told of nothing else. */
function entry(address: string): WhiteEntry {
  return { address, expire: Number.MAX_SAFE_INTEGER };
}

test('at the start what is missing is put in, and what others put there stays', async () => {
  const { clock, table, keeper, whiten, log } = setUp();
  whiten(36, '192.0.2.1', '192.0.2.2', '2001:db8::1');
  await table.add([{ address: '192.0.2.2', lifetimeSeconds: 36 * DAY }, { address: '192.0.2.9' }]);
  await keeper.start();
  assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.2', '192.0.2.9', '2001:db8::1']);
  assert.equal(table.ends.get('192.0.2.1'), clock.now() + 36 * DAY);
  assert.deepEqual(log, [
    'info: memory table is in line with the database: 3 entries, 2 put in, 0 taken out',
  ]);
  const { added, removed, entries, state, reconciles } = keeper.status();
  assert.deepEqual(
    { added, removed, entries, state, reconciles },
    { added: 2, removed: 0, entries: 3, state: 'in-line', reconciles: 1 },
  );
});

test('from a table that is ours alone everything else is taken out', async () => {
  const { table, keeper, whiten } = setUp({ isOwner: true });
  whiten(36, '192.0.2.1');
  table.ends.set('192.0.2.9', Number.POSITIVE_INFINITY).set('10.0.0.0/8', Number.POSITIVE_INFINITY);
  await keeper.start();
  assert.deepEqual(table.held, ['192.0.2.1']);
  assert.equal(keeper.status().foreign, 2);
});

test('a new address is put in at once, without a look at the table', async () => {
  const { table, keeper, whiten, clock } = setUp();
  await keeper.start();
  table.calls.length = 0;
  keeper.push(whiten(36, '192.0.2.1'));
  await settle();
  assert.deepEqual(table.calls, ['add 1']);
  assert.equal(table.ends.get('192.0.2.1'), clock.now() + 36 * DAY);
  assert.equal(keeper.status().waiting, 0);
});

test('addresses that come while one batch is written go together in the next', async () => {
  const { table, keeper, whiten } = setUp();
  await keeper.start();
  table.calls.length = 0;
  let open = (): void => undefined;
  table.gate = () => new Promise(resolve => (open = resolve));
  keeper.push(whiten(36, '192.0.2.1', '192.0.2.2'));
  await settle();
  for (let i = 0; i < 200; i++) keeper.push(whiten(36, `10.0.0.${i}`));
  assert.equal(keeper.status().waiting, 200);
  table.gate = async () => undefined;
  open();
  await settle();
  assert.deepEqual(table.calls, ['add 2', 'add 200']);
});

test('an address that the table has for a while yet is not pushed again, one that is about to go is', async () => {
  const { clock, table, keeper, white } = setUp();
  white.set('192.0.2.1', clock.now() + 1000);
  await keeper.start();
  await clock.advance(800);
  table.calls.length = 0;
  const seen = { address: '192.0.2.1', expire: clock.now() + 36 * DAY };
  keeper.push([seen]);
  await settle();
  assert.deepEqual(table.calls, []);
  await clock.advance(100);
  table.calls.length = 0;
  keeper.push([seen]);
  await settle();
  assert.deepEqual(table.calls, ['add 1']);
  assert.equal(Math.round(table.ends.get('192.0.2.1')!), Math.round(seen.expire));
});

test('an expired address leaves a table that does not forget by itself', async () => {
  const { table, keeper, whiten, white } = setUp({ memory: { forgets: false } });
  whiten(36, '192.0.2.1', '192.0.2.2');
  await keeper.start();
  white.delete('192.0.2.1');
  keeper.expire(['192.0.2.1', '192.0.2.77']);
  await settle();
  assert.deepEqual(table.held, ['192.0.2.2']);
});

test('a table that forgets by itself is left to do so', async () => {
  const { table, keeper, whiten } = setUp();
  whiten(36, '192.0.2.1');
  await keeper.start();
  table.calls.length = 0;
  keeper.expire(['192.0.2.1']);
  await settle();
  assert.deepEqual(table.calls, []);
});

test('an address that is white no more leaves a table at once, whether or not that forgets', async () => {
  for (const forgets of [true, false]) {
    const { table, keeper, whiten } = setUp({ memory: { forgets } });
    whiten(36, '192.0.2.1', '192.0.2.2');
    await keeper.start();
    keeper.remove(['192.0.2.1']);
    await settle();
    assert.deepEqual(table.held, ['192.0.2.2']);
  }
});

test('the last word on an address counts', async () => {
  const { table, keeper, whiten } = setUp({ memory: { forgets: false } });
  await keeper.start();
  keeper.push(whiten(36, '192.0.2.1', '192.0.2.2'));
  keeper.expire(['192.0.2.1']);
  keeper.expire(['192.0.2.2']);
  keeper.push(whiten(36, '192.0.2.2'));
  await settle();
  assert.deepEqual(table.held, ['192.0.2.2']);
});

test('what others take out or put in is repaired at the next look and said once', async () => {
  const { clock, table, keeper, whiten, log } = setUp({ isOwner: true, reconcileIntervalSeconds: 60 });
  whiten(36, '192.0.2.1', '192.0.2.2', '192.0.2.3');
  await keeper.start();
  log.length = 0;
  for (let look = 0; look < 3; look++) {
    table.ends.delete('192.0.2.1');
    table.ends.delete('192.0.2.2');
    table.ends.set('192.0.2.9', Number.POSITIVE_INFINITY);
    await clock.advance(61);
    assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.2', '192.0.2.3']);
  }
  assert.deepEqual(log, ['warn: memory table had drifted: 2 of our entries gone, 1 foreign; repaired']);
  await clock.advance(61);
  assert.equal(
    log[1],
    'info: memory table drifts no more: 6 entries gone and 3 foreign in 3 looks, all repaired',
  );
  const { lost, foreign, reconciles } = keeper.status();
  assert.deepEqual({ lost, foreign, reconciles }, { lost: 6, foreign: 3, reconciles: 5 });
});

test('what the tarpit made white is put in, what was deleted is taken out, and neither is drift', async () => {
  const { clock, table, keeper, whiten, white, log } = setUp();
  whiten(36, '192.0.2.1');
  await keeper.start();
  log.length = 0;
  whiten(36, '192.0.2.2');
  white.delete('192.0.2.1');
  await clock.advance(61);
  assert.deepEqual(table.held, ['192.0.2.2']);
  assert.deepEqual(log, []);
  assert.equal(keeper.status().lost, 0);
});

test('an entry that lives longer than the firewall knows is renewed before it is forgotten', async () => {
  const { clock, table, keeper, whiten } = setUp();
  whiten(36, '192.0.2.1');
  await keeper.start();
  await clock.advance(600);
  whiten(36, '192.0.2.1');
  await clock.advance(61);
  assert.equal(table.ends.get('192.0.2.1'), 1_700_000_000 + 36 * DAY, 'ten minutes are not worth a push');
  await clock.advance(2 * 3600);
  const [renewed] = whiten(36, '192.0.2.1');
  await clock.advance(61);
  assert.ok(Math.abs(table.ends.get('192.0.2.1')! - renewed!.expire) <= 1);
  assert.equal(keeper.status().refreshed, 1);
});

test('an entry that the administrator put in for good stays for good', async () => {
  const { clock, table, keeper, whiten, white } = setUp();
  whiten(36, '192.0.2.1');
  table.ends.set('192.0.2.1', Number.POSITIVE_INFINITY);
  await keeper.start();
  await clock.advance(61);
  assert.equal(table.ends.get('192.0.2.1'), Number.POSITIVE_INFINITY);
  whiten(36, '192.0.2.2');
  white.delete('192.0.2.1');
  await clock.advance(61);
  assert.equal(table.ends.get('192.0.2.1'), Number.POSITIVE_INFINITY);
});

test('what was put in for good gets an end once the table can have one', async () => {
  const { clock, table, keeper, whiten, white } = setUp({ memory: { forgets: false } });
  whiten(36, '192.0.2.1', '192.0.2.2');
  table.ends.set('192.0.2.2', Number.POSITIVE_INFINITY);
  await keeper.start();
  await clock.advance(61);
  // Declared anew with what it held; what is pushed is still written as before.
  keeper.push(whiten(36, '192.0.2.3', '192.0.2.4'));
  await settle();
  assert.equal(table.ends.get('192.0.2.3'), Number.POSITIVE_INFINITY);
  white.delete('192.0.2.4');
  table.forgets = true;
  table.faults.set('add', 'failed');
  await clock.advance(61);
  assert.equal(table.ends.get('192.0.2.3'), Number.POSITIVE_INFINITY, 'not yet');
  table.faults.clear();
  await clock.advance(61);
  const days = (address: string): number => Math.round((table.ends.get(address)! - clock.now()) / DAY);
  assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.2', '192.0.2.3']);
  assert.deepEqual(['192.0.2.1', '192.0.2.3'].map(days), [36, 36]);
  assert.equal(table.ends.get('192.0.2.2'), Number.POSITIVE_INFINITY, "the administrator's");
  assert.equal(keeper.status().refreshed, 2);
});

test('addresses of a family that the table does not take, and what is no address, are left out', async () => {
  const { table, keeper, whiten } = setUp({ memory: { families: { ipv4: true, ipv6: false } } });
  whiten(36, '192.0.2.1', '2001:db8::1', 'garbage', '010.1.2.3', '');
  await keeper.start();
  keeper.push(whiten(36, '192.0.2.2', '2001:db8::2'));
  await settle();
  assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.2']);
  assert.equal(keeper.status().waiting, 0);
});

test('an address that is trapped is not pushed for a key that is the same address in another form', async () => {
  for (const forgets of [true, false]) {
    const { clock, table, keeper, whiten, white, log } = setUp({ memory: { forgets } });
    whiten(36, '192.0.2.1', '2001:db8::1');
    // The canonical ones of these are trapped, which no white list tells.
    const odd = whiten(36, '::ffff:192.0.2.2', '2001:DB8::2', '2001:db8:0::3');
    await keeper.start();
    keeper.push(odd);
    await clock.advance(125);
    assert.deepEqual(table.held, ['192.0.2.1', '2001:db8::1']);
    assert.equal(keeper.status().waiting, 0);
    assert.deepEqual(
      log.filter(line => line.startsWith('warn')),
      [
        'warn: the database has white keys such as "::ffff:192.0.2.2", which is not how that address is written: they go to no table',
      ],
    );
    table.calls.length = 0;
    white.delete('2001:DB8::1');
    keeper.expire(['2001:DB8::1']);
    keeper.remove(['::ffff:192.0.2.1']);
    await settle();
    assert.deepEqual(table.calls, [], 'nor is one taken out');
  }
});

test('a firewall that fails is said once, tried again with growing pauses, and looked at when it works', async () => {
  const { clock, table, keeper, whiten, log } = setUp();
  whiten(36, '192.0.2.1');
  await keeper.start();
  log.length = 0;
  table.calls.length = 0;
  for (const method of ['probe', 'read', 'add', 'remove']) table.faults.set(method, 'permission');
  keeper.push(whiten(36, '192.0.2.2'));
  await clock.advance(0);
  assert.deepEqual(log, ['warn: Cannot add memory table: permission; trying again until it works']);
  assert.equal(keeper.status().state, 'failing');
  assert.equal(keeper.status().error, 'Cannot add memory table: permission');
  await clock.advance(1 + 2 + 4 + 8 + 16);
  const attempts = (): number => table.calls.filter(call => call === 'add 1').length;
  assert.equal(attempts(), 6);
  await clock.advance(300);
  assert.equal(attempts(), 6 + 5, 'once a minute from then on');
  assert.equal(log.length, 1);
  keeper.push(whiten(36, '192.0.2.3'));
  table.ends.clear();
  table.faults.clear();
  await clock.advance(60);
  assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.2', '192.0.2.3']);
  assert.match(log.at(-1)!, /^info: memory table works again after \d+ s and 11 failed attempts$/);
  assert.equal(keeper.status().state, 'in-line');
  assert.equal(keeper.status().waiting, 0);
});

test('a table that is missing at the start is brought in line once it is there', async () => {
  const { clock, table, keeper, whiten, log } = setUp();
  whiten(36, '192.0.2.1');
  table.faults.set('probe', 'missing');
  await keeper.start();
  assert.deepEqual(log, ['warn: Cannot probe memory table: missing; trying again until it works']);
  assert.equal(keeper.status().state, 'failing');
  table.faults.clear();
  await clock.advance(2);
  assert.deepEqual(table.held, ['192.0.2.1']);
  assert.equal(keeper.status().state, 'in-line');
});

test('while the table cannot be read, pushes go on', async () => {
  const { clock, table, keeper, whiten } = setUp();
  whiten(36, '192.0.2.1');
  await keeper.start();
  table.faults.set('read', 'failed');
  await clock.advance(61);
  assert.equal(keeper.status().state, 'failing');
  keeper.push(whiten(36, '192.0.2.2'));
  await settle();
  assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.2']);
});

test('a table that cannot be listed whole is pushed to anew at every look', async () => {
  const { clock, table, keeper, whiten, white, log } = setUp({ memory: { forgets: false } });
  whiten(36, '192.0.2.1', '192.0.2.2');
  table.faults.set('read', 'too-many');
  await keeper.start();
  assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.2']);
  table.ends.clear();
  white.delete('192.0.2.2');
  table.ends.set('192.0.2.2', Number.POSITIVE_INFINITY);
  await clock.advance(61);
  assert.deepEqual(table.held, ['192.0.2.1']);
  await clock.advance(61);
  assert.equal(keeper.status().state, 'in-line');
  assert.equal(keeper.status().lost, 0);
  assert.deepEqual(
    log.filter(line => line.startsWith('warn')),
    ['warn: Cannot read memory table: too-many; until then every look pushes all entries anew'],
  );
});

test('a table that is too small holds as many as go in, and gets the others when there is room', async () => {
  const { clock, table, keeper, whiten, white, log } = setUp({ memory: { forgets: false, capacity: 100 } });
  const list = Array.from({ length: 250 }, (_, i) => `10.0.0.${i}`);
  whiten(36, ...list);
  await keeper.start();
  assert.equal(table.held.length, 100);
  assert.deepEqual(log, ['warn: Cannot add to memory table: it is full; trying again until it works']);
  for (const address of list.slice(0, 200)) white.delete(address);
  await clock.advance(3);
  assert.deepEqual(table.held, list.slice(200).sort());
  assert.equal(keeper.status().state, 'in-line');
});

test('a full table makes room for a new address by taking out what is white no longer', async () => {
  const { clock, table, keeper, whiten, white } = setUp({ memory: { forgets: false, capacity: 2 } });
  whiten(36, '192.0.2.1', '192.0.2.2');
  await keeper.start();
  keeper.push(whiten(36, '192.0.2.3'));
  await settle();
  assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.2']);
  white.delete('192.0.2.1');
  await clock.advance(2);
  assert.deepEqual(table.held, ['192.0.2.2', '192.0.2.3']);
  assert.equal(keeper.status().waiting, 0);
});

test('a full table with an address in wait is failing until there is room, and looked at ever less often', async () => {
  for (const forgets of [true, false]) {
    const { clock, table, keeper, whiten, white, log } = setUp({
      memory: { forgets, capacity: 2 },
    });
    whiten(36, '192.0.2.1', '192.0.2.2');
    await keeper.start();
    log.length = 0;
    table.calls.length = 0;
    keeper.push(whiten(36, '192.0.2.3'));
    await clock.advance(1 + 2 + 4 + 8 + 16 + 32 + 60);
    assert.equal(keeper.status().state, 'failing');
    assert.equal(keeper.status().waiting, 1);
    assert.deepEqual(log, ['warn: Cannot add to memory table: it is full; trying again until it works']);
    assert.equal(table.calls.filter(call => call === 'read').length, 7);
    assert.equal(keeper.status().failures, 8);
    white.delete('192.0.2.1');
    table.ends.delete('192.0.2.1');
    await clock.advance(60);
    assert.deepEqual(table.held, ['192.0.2.2', '192.0.2.3']);
    assert.match(log[1]!, /works again after \d+ s and 8 failed attempts$/);
    assert.equal(keeper.status().state, 'in-line');
  }
});

test('a full table goes on being refreshed, by looks as by pushes', async () => {
  const { clock, table, keeper, whiten } = setUp({ memory: { capacity: 3 } });
  whiten(0.2, '192.0.2.1', '192.0.2.2');
  whiten(36, '192.0.2.3', '192.0.2.4');
  await keeper.start();
  assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.2', '192.0.2.3']);
  await clock.advance(3600);
  whiten(36, '192.0.2.1');
  await clock.advance(61);
  const left = (address: string): number => Math.round((table.ends.get(address)! - clock.now()) / DAY);
  assert.equal(left('192.0.2.1'), 36, 'by a look');
  await clock.advance(0.2 * DAY - 3600 - 120);
  keeper.push(whiten(36, '192.0.2.5', '192.0.2.2', '192.0.2.6'));
  await clock.advance(0);
  assert.equal(left('192.0.2.2'), 36, 'by a push');
  assert.equal(keeper.status().state, 'failing');
});

test('nothing is taken out when the database has nothing white, even of a table that is ours alone', async () => {
  const { clock, table, keeper, whiten, white, log } = setUp({ isOwner: true, memory: { forgets: false } });
  whiten(36, '192.0.2.1', '192.0.2.2');
  await keeper.start();
  log.length = 0;
  white.clear();
  await clock.advance(200);
  assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.2']);
  assert.deepEqual(log, ['warn: Nothing is white in the database: memory table is left as it is']);
  whiten(36, '192.0.2.2');
  await clock.advance(61);
  assert.deepEqual(table.held, ['192.0.2.2']);
});

test('a database that cannot be read is said once and changes nothing in the table', async () => {
  const { clock, table, keeper, whiten, database, log } = setUp({ isOwner: true });
  whiten(36, '192.0.2.1');
  await keeper.start();
  log.length = 0;
  database.fault = new Error('Cannot read store "/var/db/spamd": file is locked');
  table.ends.set('192.0.2.9', Number.POSITIVE_INFINITY);
  await clock.advance(200);
  assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.9']);
  assert.deepEqual(log, [
    'warn: Cannot read store "/var/db/spamd": file is locked; trying again until it works',
  ]);
  keeper.push([entry('192.0.2.2')]);
  await settle();
  assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.2', '192.0.2.9']);
  database.fault = undefined;
  await clock.advance(61);
  assert.match(
    log[1]!,
    /^info: Reading the whitelist for memory table works again after \d+ s and \d+ failed attempts$/,
  );
});

test('a database that is locked at the start is read as soon as it is free', async () => {
  const { clock, table, keeper, whiten, database } = setUp();
  whiten(36, '192.0.2.1');
  database.fault = new Error('file is locked');
  await keeper.start();
  assert.equal(keeper.status().state, 'starting');
  database.fault = undefined;
  await clock.advance(2);
  assert.deepEqual(table.held, ['192.0.2.1']);
});

test('what could not be taken out is taken out when the firewall works again', async () => {
  const { clock, table, keeper, whiten, white } = setUp({ memory: { forgets: false } });
  whiten(36, '192.0.2.1', '192.0.2.2');
  await keeper.start();
  white.delete('192.0.2.1');
  table.faults.set('remove', 'failed');
  await clock.advance(200);
  table.faults.clear();
  await clock.advance(61);
  assert.deepEqual(table.held, ['192.0.2.2']);
});

test('a new database says nothing of a table that others filled', async () => {
  const { clock, table, keeper, log } = setUp();
  table.ends.set('192.0.2.9', Number.POSITIVE_INFINITY);
  await keeper.start();
  await clock.advance(100);
  assert.deepEqual(log, [
    'info: memory table is in line with the database: 0 entries, 0 put in, 0 taken out',
  ]);
});

/** `count` addresses of 10.0.0.0/16. */
function many(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
}

test('another database knows nothing of the entries that the one before put in: they stay', async () => {
  for (const forgets of [true, false]) {
    const { clock, table, keeper, whiten, white, log } = setUp({ memory: { forgets } });
    whiten(36, ...many(200));
    await keeper.start();
    log.length = 0;
    white.clear();
    whiten(36, '192.0.2.1');
    keeper.forget();
    await clock.advance(200);
    assert.equal(table.held.length, 201);
    assert.deepEqual(log, [
      'info: memory table is in line with the database: 1 entries, 1 put in, 0 taken out',
    ]);
    white.delete('192.0.2.1');
    whiten(36, '192.0.2.2');
    await clock.advance(61);
    assert.deepEqual(table.held.slice(-1), ['192.0.2.2'], 'what the new one put in is ours');
    assert.equal(table.held.length, 201);
  }
});

test('a database that is replaced during a look leaves the look without effect', async () => {
  const { table, keeper, whiten, white, log } = setUp({ isOwner: false, memory: { forgets: false } });
  const old = whiten(36, ...many(200));
  await keeper.start();
  log.length = 0;
  let open = (): void => undefined;
  for (const method of ['read', 'add']) {
    table.ends.delete('10.0.0.7');
    white.clear();
    for (const { address, expire } of old) white.set(address, expire);
    table.gate = one => (one === method ? new Promise(resolve => (open = resolve)) : Promise.resolve());
    const look = keeper.reconcile();
    await settle();
    white.clear();
    whiten(36, '192.0.2.1');
    keeper.forget();
    table.gate = async () => undefined;
    open();
    await look;
    await keeper.reconcile();
    assert.ok(table.held.length >= 200, method);
    assert.equal(keeper.status().entries, 1);
  }
});

test('the keeper says how many go where most of a table goes at a look', async () => {
  const { clock, table, keeper, whiten, white, log } = setUp({ memory: { forgets: false } });
  whiten(36, ...many(40), '192.0.2.1');
  await keeper.start();
  log.length = 0;
  for (const address of many(20)) white.delete(address);
  await clock.advance(61);
  assert.deepEqual(log, [], 'twenty are not many');
  whiten(36, ...many(40));
  await clock.advance(61);
  table.faults.set('add', 'failed');
  for (const address of many(30)) white.delete(address);
  whiten(36, '192.0.2.2');
  await clock.advance(61);
  assert.deepEqual(table.held.length, 11);
  assert.deepEqual(log, [
    'warn: memory table: 30 of 41 entries were not white any more and taken out',
    'warn: Cannot add memory table: failed; trying again until it works',
  ]);
});

test('a changed ruleset is followed by a look at once', async () => {
  const { clock, table, keeper, whiten, log } = setUp({
    reconcileIntervalSeconds: 3600,
    fingerprintIntervalSeconds: 2,
  });
  table.checksum = '0x1';
  whiten(36, '192.0.2.1');
  await keeper.start();
  await clock.advance(10);
  assert.equal(table.calls.filter(call => call === 'read').length, 1);
  table.ends.clear();
  table.checksum = '0x2';
  await clock.advance(2);
  assert.deepEqual(table.held, ['192.0.2.1']);
  assert.equal(log[1], 'info: The ruleset has changed: looking at memory table');
  await clock.advance(10);
  assert.equal(table.calls.filter(call => call === 'read').length, 2);
});

test('a firewall without a fingerprint is not asked for it again', async () => {
  const { clock, table, keeper } = setUp({ reconcileIntervalSeconds: 3600 });
  await keeper.start();
  await clock.advance(100);
  assert.equal(table.calls.filter(call => call === 'fingerprint').length, 1);
});

test('a fingerprint that cannot be had for a while changes nothing', async () => {
  const { clock, table, keeper } = setUp({ reconcileIntervalSeconds: 3600 });
  table.checksum = '0x1';
  await keeper.start();
  table.faults.set('fingerprint', 'failed');
  await clock.advance(10);
  table.faults.clear();
  await clock.advance(10);
  assert.equal(table.calls.filter(call => call === 'read').length, 1);
});

test('what is said of an address during a look counts more than what the look saw', async () => {
  for (const owner of [true, false]) {
    const { table, keeper, whiten, white } = setUp({ isOwner: owner, memory: { forgets: false } });
    whiten(36, '192.0.2.1', '192.0.2.2', '192.0.2.3');
    await keeper.start();
    let open = (): void => undefined;
    table.gate = method => (method === 'read' ? new Promise(resolve => (open = resolve)) : Promise.resolve());
    const look = keeper.reconcile();
    await settle();
    // The look will not see the first in the database, nor the second gone from it.
    keeper.push([entry('192.0.2.9')]);
    keeper.expire(['192.0.2.2']);
    await settle();
    assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.3', '192.0.2.9']);
    open();
    await look;
    assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.3', '192.0.2.9']);
    assert.equal(keeper.status().lost, 0);
    white.delete('192.0.2.3');
    table.gate = async () => undefined;
    white.delete('192.0.2.2');
    white.set('192.0.2.9', Number.MAX_SAFE_INTEGER);
    await keeper.reconcile();
    assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.9']);
  }
});

test('an address that is deleted and seen again during one look is in the table afterwards', async () => {
  const { table, keeper, whiten, white } = setUp({ memory: { forgets: false } });
  whiten(36, '192.0.2.1', '192.0.2.2');
  await keeper.start();
  white.delete('192.0.2.1');
  let open = (): void => undefined;
  table.gate = method => (method === 'remove' ? new Promise(resolve => (open = resolve)) : Promise.resolve());
  const look = keeper.reconcile();
  await settle();
  keeper.push(whiten(36, '192.0.2.1'));
  open();
  await look;
  await settle();
  assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.2']);
});

test('pushes stand back for a listing that would never end', async () => {
  const { clock, table, keeper, whiten } = setUp();
  await keeper.start();
  let open = (): void => undefined;
  table.gate = method => (method === 'read' ? new Promise(resolve => (open = resolve)) : Promise.resolve());
  const look = keeper.reconcile();
  await clock.advance(1);
  keeper.push(whiten(36, '192.0.2.1'));
  await settle();
  assert.deepEqual(table.held, ['192.0.2.1']);
  await clock.advance(1.5);
  keeper.push(whiten(36, '192.0.2.2'));
  await settle();
  assert.deepEqual(table.held, ['192.0.2.1']);
  open();
  await look;
  await settle();
  assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.2']);
});

test('a look that is asked for during another follows it', async () => {
  const { table, keeper, database } = setUp();
  await keeper.start();
  let open = (): void => undefined;
  table.gate = method => (method === 'read' ? new Promise(resolve => (open = resolve)) : Promise.resolve());
  const first = keeper.reconcile();
  await settle();
  const second = Promise.all([keeper.reconcile(), keeper.reconcile()]);
  table.gate = async () => undefined;
  open();
  await Promise.all([first, second]);
  assert.equal(database.reads, 3);
});

test('warnings are said once as long as they last', async () => {
  const { clock, table, keeper, log } = setUp();
  table.probe = async () => ({ forgets: true, warnings: ['pf is disabled'] });
  await keeper.start();
  await clock.advance(300);
  assert.deepEqual(
    log.filter(line => line.startsWith('warn')),
    ['warn: pf is disabled'],
  );
});

test('the keeper stops after what was waiting is written, and leaves the table as it is', async () => {
  const { clock, table, keeper, whiten } = setUp();
  table.checksum = '0x1';
  whiten(36, '192.0.2.1');
  await keeper.start();
  keeper.push(whiten(36, '192.0.2.2'));
  await keeper.stop();
  assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.2']);
  assert.equal(clock.pending, 0);
  const calls = table.calls.length;
  await keeper.reconcile();
  await clock.advance(1000);
  assert.equal(table.calls.length, calls);
  assert.deepEqual(table.held, ['192.0.2.1', '192.0.2.2']);
});

test('the keeper of a firewall that fails stops without waiting for it', async () => {
  const { clock, table, keeper, whiten } = setUp();
  await keeper.start();
  table.faults.set('add', 'failed');
  keeper.push(whiten(36, '192.0.2.2'));
  await settle();
  await keeper.stop();
  assert.equal(clock.pending, 0);
});
