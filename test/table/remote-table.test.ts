import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PfTable } from '../../src/table/pf.js';
import { RemoteTable, type TableTransport } from '../../src/table/remote-table.js';
import { createRunner } from '../../src/table/runner.js';
import { CHUNK_ENTRIES, type TableCommand, type TableReply } from '../../src/table/table-command.js';
import { TableExecutor } from '../../src/table/table-executor.js';
import { addresses, entries, rejects, tableContract } from '../contract/table.js';
import { PfctlDouble } from '../doubles/pfctl-double.js';
import { MemoryTable } from './memory-table.js';

/** A transport that copies as a socket with JSON would, and keeps what it carried. */
function jsonTransport(executor: TableExecutor): { transport: TableTransport; carried: TableCommand[] } {
  const carried: TableCommand[] = [];
  const transport: TableTransport = async command => {
    carried.push(command);
    const reply = await executor.execute(JSON.parse(JSON.stringify(command)));
    return JSON.parse(JSON.stringify(reply)) as TableReply;
  };
  return { transport, carried };
}

function connect(memory = new MemoryTable()) {
  const executor = new TableExecutor([new MemoryTable(), memory]);
  const { transport, carried } = jsonTransport(executor);
  return { memory, executor, carried, table: new RemoteTable({ ...identity(memory), index: 1 }, transport) };
}

function identity({ name, families }: MemoryTable | PfTable) {
  return { name, families };
}

tableContract(
  'memory through the monitor',
  async () => ({ table: connect().table, drop: async () => undefined, close: async () => undefined }),
  { vanishes: 'a Map does not vanish' },
);

tableContract(
  'pf through the monitor',
  async () => {
    const pf = new PfctlDouble();
    const local = new PfTable(
      { kind: 'pf', anchor: '', table: 'spamd-white' },
      createRunner({ commands: pf.commands }),
    );
    const { transport } = jsonTransport(new TableExecutor([local]));
    return {
      table: new RemoteTable({ ...identity(local), index: 0 }, transport),
      drop: async () => pf.change(state => void delete state.tables['spamd-white']),
      close: async () => pf.remove(),
    };
  },
  { lives: 'entries of pf stay until they are removed' },
);

/** `count` addresses of 10.0.0.0/8. */
function many(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
}

test('a long list goes in pieces and is one batch on the other side', async () => {
  const { table, memory, carried } = connect();
  const list = many(2 * CHUNK_ENTRIES + 1);
  await table.add(entries(...list));
  assert.deepEqual(memory.calls, [`add ${list.length}`]);
  assert.deepEqual(
    carried.map(command => 'entries' in command && command.entries.length),
    [CHUNK_ENTRIES, CHUNK_ENTRIES, 1],
  );
  assert.deepEqual(await addresses(table), list.sort());
  assert.deepEqual(
    carried.slice(3).map(command => 'from' in command && command.from),
    [0, CHUNK_ENTRIES, 2 * CHUNK_ENTRIES],
  );
});

test('a table is read once however many pieces it is fetched in, and exact multiples end', async () => {
  const { table, memory } = connect();
  await table.add(entries(...many(2 * CHUNK_ENTRIES)));
  assert.equal((await table.read()).length, 2 * CHUNK_ENTRIES);
  assert.deepEqual(memory.calls, [`add ${2 * CHUNK_ENTRIES}`, 'read']);
});

test('changes and listings that are asked for at once do not mix', async () => {
  const { table, memory } = connect();
  const [a, b] = [many(3000).slice(0, 1500), many(3000).slice(1500)];
  const [, , first, second] = await Promise.all([
    table.add(entries(...a)),
    table.add(entries(...b)),
    table.read(),
    table.read(),
  ]);
  assert.deepEqual(memory.held, [...a, ...b].sort());
  for (const contents of [first, second]) assert.ok([0, 1500, 3000].includes(contents.length));
});

test('an error keeps its code and its words', async () => {
  const { table, memory } = connect();
  memory.faults.set('add', 'full');
  await rejects(table.add(entries('192.0.2.1')), 'full', /^Cannot add memory table: full$/);
  memory.faults.clear();
  await table.add(entries('192.0.2.1'));
  assert.deepEqual(memory.held, ['192.0.2.1']);
});

test('an error of another kind is a failure of the table', async () => {
  const { table, memory } = connect();
  memory.gate = async () => {
    throw new RangeError('out of paper');
  };
  await rejects(table.probe(), 'failed', /^out of paper$/);
});

test('a monitor that is gone is said to be out of reach', async () => {
  const transport: TableTransport = () => Promise.reject(new Error('socket closed'));
  const table = new RemoteTable(
    { index: 0, name: 'pf table <x>', families: { ipv4: true, ipv6: true } },
    transport,
  );
  await rejects(
    table.probe(),
    'unavailable',
    /^Cannot reach pf table <x> through the monitor: socket closed$/,
  );
});

test('replies that do not fit the command are errors, not endless loops', async () => {
  const families = { ipv4: true, ipv6: true };
  const reply = (value: TableReply) => new RemoteTable({ index: 0, name: 'x', families }, async () => value);
  await rejects(reply({ ok: true }).probe(), 'failed', /not one to the command/);
  await rejects(reply({ ok: true }).read(), 'failed', /not one to the command/);
  await rejects(reply({ ok: true }).fingerprint(), 'failed', /not one to the command/);
  await rejects(reply({ ok: true, entries: [], total: 5 }).read(), 'failed', /not one to the command/);
});

test('a fingerprint and its absence come through', async () => {
  const { table, memory } = connect();
  assert.equal(await table.fingerprint(), undefined);
  memory.checksum = '0x1';
  assert.equal(await table.fingerprint(), '0x1');
});

test('what is no command touches no table', async () => {
  const { executor, memory } = connect();
  for (const value of [
    null,
    { verb: 'flush', table: 1 },
    { verb: 'add', table: 1, from: 0, total: 1, entries: [{ address: 'self' }] },
  ]) {
    const reply = await executor.execute(value);
    assert.ok(!reply.ok);
    assert.equal(reply.code, 'refused');
    assert.match(reply.message, /^Refused a command on tables: /);
  }
  assert.deepEqual(memory.calls, []);
});

test('pieces that do not follow one another are refused, and the list begun is forgotten', async () => {
  const { executor, memory } = connect();
  const piece = (from: number, total: number, verb = 'add') =>
    executor.execute({ verb, table: 1, from, total, entries: [{ address: `192.0.2.${from}` }] });
  assert.equal((await piece(1, 3)).ok, false);
  assert.equal((await piece(0, 3)).ok, true);
  assert.equal((await piece(1, 3, 'remove')).ok, false);
  assert.equal((await piece(1, 3)).ok, false);
  assert.equal((await piece(0, 3)).ok, true);
  assert.equal((await piece(1, 2)).ok, false);
  assert.equal((await piece(0, 3)).ok, true);
  assert.equal((await piece(2, 3)).ok, false);
  assert.deepEqual(memory.calls, []);
  assert.equal((await piece(0, 2)).ok, true);
  assert.equal((await piece(0, 2)).ok, true);
  assert.equal((await piece(1, 2)).ok, true);
  assert.deepEqual(memory.calls, ['add 2']);
});

test('reading on is refused where nothing was read', async () => {
  const { executor, memory } = connect();
  assert.equal((await executor.execute({ verb: 'read', table: 1, from: 5 })).ok, false);
  memory.ends.set('192.0.2.1', Number.POSITIVE_INFINITY);
  const reply = await executor.execute({ verb: 'read', table: 1, from: 0 });
  assert.deepEqual(reply, { ok: true, entries: [{ address: '192.0.2.1' }], total: 1 });
  assert.equal((await executor.execute({ verb: 'read', table: 1, from: 1 })).ok, false);
});

test('a flood of commands is bounded', async () => {
  const { executor, memory } = connect();
  let open = (): void => undefined;
  const gate = new Promise<void>(resolve => {
    open = resolve;
  });
  memory.gate = () => gate;
  const replies = Array.from({ length: 100 }, () => executor.execute({ verb: 'probe', table: 1 }));
  open();
  const refused = (await Promise.all(replies)).filter(reply => !reply.ok);
  assert.equal(memory.calls.length, 16);
  assert.equal(refused.length, 84);
  assert.deepEqual(refused[0], {
    ok: false,
    code: 'refused',
    message: 'Refused a command on tables: too many at once',
  });
  assert.equal((await executor.execute({ verb: 'probe', table: 1 })).ok, true);
});
