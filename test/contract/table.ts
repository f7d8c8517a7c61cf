// What every driver of a firewall's table promises, as a suite that each of them runs.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Table, TableError, type TableErrorCode } from '../../src/table/table.js';

/** A table of its own for one test, empty, and the administrator's hand behind it. */
export interface TableUnderTest {
  readonly table: Table;
  /** Takes the table away, as a ruleset without it would. */
  drop(): Promise<void>;
  close(): Promise<void>;
}

/** Promises that a driver cannot keep, each with the reason. */
export interface TableGaps {
  /** It holds what it was given. */
  readonly holds?: string;
  /** It notices that the table is gone. */
  readonly vanishes?: string;
  /** It says how long each entry has to live. */
  readonly lives?: string;
}

/** Texts that a firewall's program would take for something else than one address. */
const HOSTILE = [
  '',
  'localhost',
  'lo0',
  'self',
  'any',
  '192.0.2',
  '192.0.2.1/24',
  '192.0.2.1 192.0.2.2',
  '192.0.2.1\n192.0.2.2',
  '192.0.2.1 }; flush ruleset; #',
  '192.0.2.1 timeout 1s',
  '-f',
  '@other',
  'fe80::1%lo0',
  '2001:DB8::1',
];

/** Runs the suite on a driver. */
export function tableContract(
  driver: string,
  open: () => Promise<TableUnderTest>,
  gaps: TableGaps = {},
): void {
  const check = (
    sentence: string,
    gap: string | undefined,
    body: (subject: TableUnderTest, t: TestContext) => Promise<void>,
  ): void => {
    test(`${driver}: ${sentence}`, { skip: gap ?? false }, async t => {
      const subject = await open();
      t.after(() => subject.close());
      await body(subject, t);
    });
  };

  check('a table that was just declared is fit and empty', undefined, async ({ table }) => {
    const state = await table.probe();
    assert.equal(typeof state.forgets, 'boolean');
    assert.ok(Array.isArray(state.warnings));
    assert.deepEqual([...(await table.read())], []);
    assert.notEqual(table.name, '');
  });

  check('what is added is there, in canonical text, once', gaps.holds, async ({ table }) => {
    await table.add(entries('192.0.2.1', '2001:db8::1'));
    await table.add(entries('192.0.2.1', '192.0.2.2', '192.0.2.2', '2001:db8::1', '2001:db8::2:1'));
    assert.deepEqual(await addresses(table), ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2:1']);
  });

  check(
    'what is removed is gone, and removing what is not there is no error',
    gaps.holds,
    async ({ table }) => {
      await table.add(entries('192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1'));
      await table.remove([
        '192.0.2.9',
        '192.0.2.1',
        '192.0.2.1',
        '2001:db8::1',
        '2001:db8::9',
        '10.0.0.0/8',
        '!10.1.0.0/16',
      ]);
      assert.deepEqual(await addresses(table), ['192.0.2.2', '192.0.2.3']);
      await table.remove(['192.0.2.2']);
      assert.deepEqual(await addresses(table), ['192.0.2.3']);
    },
  );

  check('adding and removing nothing changes nothing', gaps.holds, async ({ table }) => {
    await table.add(entries('192.0.2.1'));
    await table.add([]);
    await table.remove([]);
    assert.deepEqual(await addresses(table), ['192.0.2.1']);
  });

  check('a replacement leaves exactly what it was given', gaps.holds, async ({ table }) => {
    await table.add(entries('192.0.2.1', '192.0.2.2', '2001:db8::1'));
    await table.replace(entries('192.0.2.2', '192.0.2.3', '2001:db8::2', '192.0.2.3'));
    assert.deepEqual(await addresses(table), ['192.0.2.2', '192.0.2.3', '2001:db8::2']);
  });

  check('an empty replacement is refused unless forced', undefined, async ({ table }) => {
    await table.add(entries('192.0.2.1'));
    const before = await addresses(table);
    await rejects(table.replace([]), 'empty', /unless forced/);
    assert.deepEqual(await addresses(table), before);
    await table.replace([], { force: true });
    assert.deepEqual(await addresses(table), []);
  });

  check('a dry run changes nothing', gaps.holds, async ({ table }) => {
    await table.add(entries('192.0.2.1', '2001:db8::1'));
    await table.dryRun({ verb: 'add', entries: entries('192.0.2.2', '2001:db8::2') });
    await table.dryRun({ verb: 'remove', entries: entries('192.0.2.1', '192.0.2.9') });
    await table.dryRun({ verb: 'replace', entries: entries('192.0.2.3') });
    assert.deepEqual(await addresses(table), ['192.0.2.1', '2001:db8::1']);
  });

  check(
    'what is not exactly one canonical address is refused, with all that came with it',
    undefined,
    async ({ table }) => {
      for (const text of [...HOSTILE, '10.0.0.0/8', '!192.0.2.1', '::ffff:192.0.2.1']) {
        const list = entries('192.0.2.1', text, '192.0.2.2');
        await rejects(table.add(list), 'refused');
        await rejects(table.replace(list), 'refused');
        await rejects(table.dryRun({ verb: 'add', entries: list }), 'refused');
      }
      for (const text of HOSTILE.filter(text => text !== '2001:DB8::1')) {
        await rejects(table.remove(['192.0.2.1', text]), 'refused');
        await rejects(table.dryRun({ verb: 'remove', entries: entries(text) }), 'refused');
      }
      assert.deepEqual([...(await table.read())], []);
    },
  );

  check('a life that is not a whole number of seconds is refused', undefined, async ({ table }) => {
    for (const lifetimeSeconds of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await rejects(table.add([{ address: '192.0.2.1', lifetimeSeconds }]), 'refused');
    }
    assert.deepEqual([...(await table.read())], []);
  });

  check('a table that is gone is an error that says so', gaps.vanishes, async ({ table, drop }) => {
    await table.add(entries('192.0.2.1'));
    await drop();
    await rejects(table.probe(), 'missing');
    await rejects(table.read(), 'missing');
    await rejects(table.remove(['192.0.2.1']), 'missing');
  });

  check('thousands of entries go in and out in one go', gaps.holds, async ({ table }) => {
    const many = Array.from({ length: 5000 }, (_, i) =>
      i % 2 ? `10.1.${i >> 8}.${i & 255}` : `2001:db8::${(i + 1).toString(16)}`,
    );
    await table.add(entries(...many));
    assert.deepEqual(await addresses(table), [...many].sort());
    await table.remove(many.slice(0, 4000));
    assert.deepEqual(await addresses(table), many.slice(4000).sort());
    await table.replace(entries(...many.slice(1000)));
    assert.deepEqual(await addresses(table), many.slice(1000).sort());
  });

  check('an entry has the life it was given last, longer or shorter', gaps.lives, async ({ table }) => {
    const day = 86_400;
    await table.add([
      { address: '192.0.2.1', lifetimeSeconds: 100 },
      { address: '192.0.2.2', lifetimeSeconds: 36 * day },
      { address: '2001:db8::1', lifetimeSeconds: 100 },
      { address: '192.0.2.4', lifetimeSeconds: 100_000 * day },
    ]);
    await hasLives(table, {
      '192.0.2.1': 100,
      '192.0.2.2': 36 * day,
      '192.0.2.4': 3650 * day,
      '2001:db8::1': 100,
    });
    await table.add([
      { address: '192.0.2.1', lifetimeSeconds: 5 * day + 7 },
      { address: '192.0.2.2', lifetimeSeconds: 50 },
      { address: '2001:db8::1', lifetimeSeconds: 9 * day },
      { address: '192.0.2.5', lifetimeSeconds: 60 },
    ]);
    const lives = { '192.0.2.1': 5 * day + 7, '192.0.2.2': 50, '192.0.2.4': 3650 * day, '192.0.2.5': 60 };
    await hasLives(table, { ...lives, '2001:db8::1': 9 * day });
    await table.replace([
      { address: '192.0.2.1', lifetimeSeconds: 70 },
      { address: '192.0.2.6', lifetimeSeconds: 80 },
    ]);
    await hasLives(table, { '192.0.2.1': 70, '192.0.2.6': 80 });
  });
}

/** Entries of these addresses, with a day to live. */
export function entries(...addresses: string[]): { address: string; lifetimeSeconds: number }[] {
  return addresses.map(address => ({ address, lifetimeSeconds: 86_400 }));
}

/** The addresses in a table, sorted as text. */
export async function addresses(table: Table): Promise<string[]> {
  return Array.from(await table.read(), entry => entry.address).sort();
}

/** Asserts that a promise is rejected with a TableError of this code. */
export async function rejects(
  promise: Promise<unknown>,
  code: TableErrorCode,
  message: RegExp = /./,
): Promise<void> {
  await assert.rejects(promise, error => {
    assert.ok(error instanceof TableError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

/** Seconds that may pass between adding and reading on a loaded machine. */
const PATIENCE_SECONDS = 20;

async function hasLives(table: Table, expected: Record<string, number>): Promise<void> {
  const lives = new Map(Array.from(await table.read(), entry => [entry.address, entry.lifetimeSeconds]));
  assert.deepEqual([...lives.keys()].sort(), Object.keys(expected).sort());
  for (const [address, seconds] of Object.entries(expected)) {
    const life = lives.get(address);
    assert.ok(
      life !== undefined && life <= seconds && life > seconds - PATIENCE_SECONDS,
      `${address}: ${life} of ${seconds}`,
    );
  }
}
