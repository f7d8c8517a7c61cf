import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareTable, readWhiteList, type WhiteEntry, whiteEntry } from '../../src/table/difference.js';

const NOW = 1_700_000_000;
const BOTH = { ipv4: true, ipv6: true };

async function* list(...entries: WhiteEntry[]): AsyncGenerator<WhiteEntry> {
  yield* entries;
}

test('the white list has canonical addresses of the right families that have not ended', async () => {
  const source = () =>
    list(
      { address: '192.0.2.1', expire: NOW + 10 },
      { address: '192.0.2.2', expire: NOW },
      { address: '2001:DB8::1', expire: NOW + 10 },
      { address: '192.0.2.1', expire: NOW + 5 },
      { address: '::ffff:192.0.2.3', expire: NOW + 7 },
      { address: '2001:db8::2', expire: NOW + 7 },
      { address: 'mail.example.org', expire: NOW + 10 },
      { address: '', expire: NOW + 10 },
    );
  const all = await readWhiteList(source, BOTH, NOW);
  assert.deepEqual(
    [...all.expires],
    [
      ['192.0.2.1', NOW + 10],
      ['2001:db8::2', NOW + 7],
    ],
  );
  assert.deepEqual([all.otherFamily, all.invalid, all.odd, all.firstOdd], [0, 2, 2, '2001:DB8::1']);
  const four = await readWhiteList(source, { ipv4: true, ipv6: false }, NOW);
  assert.deepEqual(
    Array.from(four.expires, ([address]) => address),
    ['192.0.2.1'],
  );
  assert.deepEqual([four.otherFamily, four.invalid, four.odd], [1, 2, 2]);
});

test('what is missing, what is too much and what is in order are told apart', async () => {
  const expires = new Map([
    ['192.0.2.1', NOW + 100],
    ['192.0.2.2', NOW + 100.5],
    ['192.0.2.3', NOW],
  ]);
  const contents = [
    { address: '192.0.2.1', lifetimeSeconds: 99 },
    { address: '192.0.2.3' },
    { address: '10.0.0.0/8' },
  ];
  const { missing, fading, surplus, ends } = await compareTable(contents, expires, NOW);
  assert.deepEqual([...missing], [{ address: '192.0.2.2', lifetimeSeconds: 101 }]);
  assert.deepEqual([...fading], []);
  assert.deepEqual([...surplus], [{ address: '192.0.2.3' }, { address: '10.0.0.0/8' }]);
  assert.deepEqual([...ends], [['192.0.2.1', NOW + 99]]);
});

test('an entry fades when its table lags by an hour, or by an eighth of a shorter life', async () => {
  const isFading = async (dueSeconds: number, lifetimeSeconds: number | undefined): Promise<boolean> => {
    const entry =
      lifetimeSeconds === undefined ? { address: '192.0.2.1' } : { address: '192.0.2.1', lifetimeSeconds };
    const { fading } = await compareTable([entry], new Map([['192.0.2.1', NOW + dueSeconds]]), NOW);
    return fading.length === 1;
  };
  const day = 86_400;
  assert.equal(await isFading(36 * day, 36 * day - 3600), false);
  assert.equal(await isFading(36 * day, 36 * day - 3601), true);
  assert.equal(await isFading(800, 700), false);
  assert.equal(await isFading(800, 699), true);
  assert.equal(await isFading(5, 3), false, 'two seconds are rounding');
  assert.equal(await isFading(5, 2), true);
  assert.equal(await isFading(5, undefined), false, 'what stays for ever does not fade');
  assert.equal(await isFading(5, 36 * day), false, 'what stays longer does not fade');
});

test('a white entry lives for whole seconds, ten years at most, and not at all once it has ended', () => {
  assert.deepEqual(whiteEntry('::1', NOW + 0.1, NOW), { address: '::1', lifetimeSeconds: 1 });
  assert.deepEqual(whiteEntry('::1', NOW * 3, NOW), { address: '::1', lifetimeSeconds: 3650 * 86_400 });
  assert.equal(whiteEntry('::1', NOW, NOW), undefined);
  assert.equal(whiteEntry('::1', NOW - 1, NOW), undefined);
});
