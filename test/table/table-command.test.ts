import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHUNK_ENTRIES, LIST_ENTRIES, parseTableCommand } from '../../src/table/table-command.js';
import { isCanonicalAddress, isTableItem } from '../../src/table/table-entry.js';

const one = [{ address: '192.0.2.1', lifetimeSeconds: 60 }];

test('every command of the set is known', () => {
  const commands = [
    { verb: 'probe', table: 0 },
    { verb: 'fingerprint', table: 1 },
    { verb: 'read', table: 0, from: 0 },
    { verb: 'read', table: 0, from: 4096 },
    { verb: 'add', table: 1, from: 0, total: 1, entries: one },
    { verb: 'add', table: 1, from: 7, total: 9, entries: one },
    {
      verb: 'remove',
      table: 0,
      from: 0,
      total: 2,
      entries: [{ address: '10.0.0.0/8' }, { address: '!::1' }],
    },
    { verb: 'replace', table: 0, from: 0, total: 0, entries: [], force: true },
    { verb: 'dry-run-add', table: 0, from: 0, total: 1, entries: one },
    { verb: 'dry-run-remove', table: 0, from: 0, total: 1, entries: one },
    { verb: 'dry-run-replace', table: 0, from: 0, total: 1, entries: one },
  ];
  for (const command of commands) assert.deepEqual(parseTableCommand(structuredClone(command), 2), command);
});

test('anything else is refused with the reason', () => {
  const add = { verb: 'add', table: 0, from: 0, total: 1, entries: one };
  const wrong: [unknown, RegExp][] = [
    [undefined, /not an object/],
    [null, /not an object/],
    ['probe', /not an object/],
    [[], /not an object/],
    [{ table: 0 }, /no such verb/],
    [{ verb: 'flush', table: 0 }, /no such verb/],
    [{ verb: 'constructor', table: 0 }, /no such verb/],
    [{ verb: 'probe' }, /no table of that number/],
    [{ verb: 'probe', table: 2 }, /no table of that number/],
    [{ verb: 'probe', table: -1 }, /no table of that number/],
    [{ verb: 'probe', table: 0.5 }, /no table of that number/],
    [{ verb: 'probe', table: '0' }, /no table of that number/],
    [{ verb: 'probe', table: 'spamd-white' }, /no table of that number/],
    [{ verb: 'read', table: 0 }, /from/],
    [{ verb: 'read', table: 0, from: LIST_ENTRIES }, /from/],
    [{ ...add, total: LIST_ENTRIES + 1 }, /total/],
    [{ ...add, total: -1 }, /total/],
    [{ ...add, from: Number.NaN }, /from/],
    [{ ...add, entries: '192.0.2.1' }, /entries/],
    [{ ...add, entries: new Array(CHUNK_ENTRIES + 1).fill(one[0]), total: 5000 }, /bounded length/],
    [{ ...add, total: 0 }, /more entries than the list has/],
    [{ ...add, from: 1 }, /more entries than the list has/],
    [{ ...add, entries: [] }, /no entries of a list that has some/],
    [{ ...add, force: 1 }, /force/],
    [{ ...add, entries: ['192.0.2.1'] }, /no address/],
    [{ ...add, entries: [{ address: 1 }] }, /no address/],
    [{ ...add, entries: [{ address: 'localhost' }] }, /not of a table/],
    [{ ...add, entries: [{ address: '192.0.2.0/24' }] }, /not of a table/],
    [{ ...add, entries: [{ address: '192.0.2.1\n192.0.2.2' }] }, /not of a table/],
    [{ ...add, verb: 'remove', entries: [{ address: '192.0.2.1/24' }] }, /not of a table/],
    [{ ...add, verb: 'remove', entries: [{ address: '!!192.0.2.1' }] }, /not of a table/],
    [{ ...add, entries: [{ address: '192.0.2.1', lifetimeSeconds: '60' }] }, /no possible life/],
    [{ ...add, entries: [{ address: '192.0.2.1', lifetimeSeconds: 0 }] }, /no possible life/],
  ];
  for (const [value, reason] of wrong) {
    const parsed = parseTableCommand(value, 2);
    assert.ok(typeof parsed === 'string', JSON.stringify(value));
    assert.match(parsed, reason, JSON.stringify(value));
  }
});

test('no value gets past the check with something that is not an address or with more than it checked', () => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.string(),
    fc.constantFrom('self', '10.0.0.0/8', '!::', '192.0.2.1;'),
  );
  const entry = fc.record(
    { address, lifetimeSeconds: fc.oneof(fc.integer(), fc.double()), comment: fc.string() },
    { requiredKeys: [] },
  );
  const verb = fc.constantFrom('add', 'remove', 'replace', 'dry-run-add', 'probe', 'read', '__proto__');
  const index = fc.integer({ min: -1, max: 3 });
  const value = fc.record({
    verb,
    table: index,
    from: index,
    total: index,
    entries: fc.array(entry, { maxLength: 3 }),
    extra: fc.anything(),
  });
  fc.assert(
    fc.property(fc.oneof(value, fc.anything()), command => {
      const parsed = parseTableCommand(command, 2);
      if (typeof parsed === 'string') return;
      assert.ok(parsed.table >= 0 && parsed.table < 2);
      assert.deepEqual(Object.keys(parsed).includes('extra'), false);
      if (!('entries' in parsed)) return;
      assert.ok(parsed.from + parsed.entries.length <= parsed.total);
      const isFit = parsed.verb.endsWith('remove') ? isTableItem : isCanonicalAddress;
      for (const { address: text, lifetimeSeconds = 1, ...rest } of parsed.entries) {
        assert.ok(isFit(text), text);
        assert.ok(Number.isSafeInteger(lifetimeSeconds) && lifetimeSeconds > 0);
        assert.deepEqual(rest, {});
      }
    }),
  );
});
