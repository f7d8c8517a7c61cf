import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WorkerBook } from '../../../src/store/spamd-db/worker-book.js';
import { StoreError } from '../../../src/store/store.js';
import { makeGreydDatabase, withDatabase } from '../sqlite-subject.js';
import { batchOf, NOW, temporaryFolder } from './helpers.js';

async function bookOf(t: TestContext): Promise<{ book: WorkerBook; path: string }> {
  const path = join(await temporaryFolder(t), 'sightings');
  const book = await WorkerBook.open(path, { canCreate: true });
  t.after(() => book.close());
  return { book, path };
}

const RULE = { interface: 'em0', ruleset: '', rulenr: 4, subrulenr: null };

test('a book keeps what batches say, the counts added up', async t => {
  const { book, path } = await bookOf(t);
  await book.apply(batchOf(['192.0.2.1', '2001:db8::1'], NOW));
  await book.apply(batchOf(['192.0.2.1'], NOW - 5));
  const seen = { firstSeen: NOW, lastSeen: NOW, lastDirection: 'in', inbound: 1, outbound: 0, rule: RULE };
  const twice = { ...seen, firstSeen: NOW - 5, inbound: 2 };
  assert.deepEqual(await book.get(['192.0.2.1', '192.0.2.9', '2001:db8::1']), [twice, undefined, seen]);
  assert.deepEqual(await book.ipv6(), [{ address: '2001:db8::1', sighting: seen }]);
  await book.close();
  const again = await WorkerBook.open(path, { isReadOnly: true });
  assert.deepEqual(await again.get(['192.0.2.1']), [twice]);
  await again.close();
});

test('what another database knows is taken over once, however often', async t => {
  const { book } = await bookOf(t);
  await book.apply(batchOf(['192.0.2.1'], NOW));
  const [mine] = await book.get(['192.0.2.1']);
  const other = { ...mine!, lastSeen: NOW + 9, lastDirection: 'out' as const, inbound: 0, outbound: 7 };
  for (let round = 0; round < 2; round++) await book.put([{ address: '192.0.2.1', sighting: other }]);
  assert.deepEqual(await book.get(['192.0.2.1']), [{ ...other, inbound: 1 }]);
});

test('a book forgets addresses, and what was seen before a time', async t => {
  const { book } = await bookOf(t);
  await book.apply(batchOf(['192.0.2.1', '192.0.2.2'], NOW));
  await book.apply(batchOf(['192.0.2.3'], NOW + 1));
  await book.forget(['192.0.2.1', '192.0.2.77']);
  await book.forgetBefore(NOW + 1);
  const left = await book.get(['192.0.2.1', '192.0.2.2', '192.0.2.3']);
  assert.deepEqual(
    left.map(sighting => sighting?.lastSeen),
    [undefined, undefined, NOW + 1],
  );
});

test('a whitelist, another kind of database and a later version are refused', async t => {
  const folder = await temporaryFolder(t);
  const [whitelist, other, later] = ['whitelist', 'other', 'later'].map(name => join(folder, name));
  makeGreydDatabase(whitelist!);
  withDatabase(other!, db => db.exec('CREATE TABLE mail(id)'));
  await (await WorkerBook.open(later!, { canCreate: true })).close();
  withDatabase(later!, db => db.exec('UPDATE sightings_version SET version = 99'));
  const refusal = (code: string, path: string, why: RegExp) => (error: unknown) => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.code, code);
    assert.ok(error.message.startsWith(`Cannot use store "${path}": `), error.message);
    assert.match(error.message, why);
    return true;
  };
  const open = (path: string): Promise<unknown> => WorkerBook.open(path, { canCreate: true });
  await assert.rejects(open(whitelist!), refusal('not-ours', whitelist!, /it holds a whitelist/));
  await assert.rejects(open(other!), refusal('not-ours', other!, /no table "sightings"/));
  await assert.rejects(open(later!), refusal('newer', later!, /version is 99/));
});
