// The contract of the changes made by hand, of the removal of what has ended, and of the end itself.

import assert from 'node:assert/strict';
import { TRAPEXP_SECONDS } from '../../src/whitelist/entry.js';
import {
  addressesOf,
  batchOf,
  type Check,
  entryOf,
  found,
  listed,
  NOW,
  recordOf,
  seenOnce,
  tarpitRecord,
  tarpitTuple,
  WHITEEXP,
} from './store-subject.js';

const HOST = '192.0.2.1';
const EXPIRE = NOW + WHITEEXP;

/** The tests. */
export function checkEdits(check: Check): void {
  check('add makes an entry as spamdb -a does', [], async store => {
    const entry = { first: NOW, pass: NOW, expire: EXPIRE, bcount: 1, pcount: 0 };
    assert.deepEqual(await store.add(HOST, NOW, WHITEEXP), entry);
    assert.deepEqual(await recordOf(store, HOST), { kind: 'address', address: HOST, entry });
  });

  check('add renews an entry: passing from now on, once more', [], async store => {
    await store.applyBatch(seenOnce(HOST, NOW - 60), WHITEEXP);
    const entry = { first: NOW - 60, pass: NOW, expire: EXPIRE, bcount: 1, pcount: 1 };
    assert.deepEqual(await store.add(HOST, NOW, WHITEEXP), entry);
    assert.deepEqual(await entryOf(store, HOST), entry);
  });

  check('add sets a trapped address free', [], async store => {
    await store.trap(HOST, NOW - 60, TRAPEXP_SECONDS);
    const entry = { first: NOW - 60, pass: NOW, expire: EXPIRE, bcount: 1, pcount: 0 };
    assert.deepEqual(await store.add(HOST, NOW, WHITEEXP), entry);
    assert.deepEqual(await entryOf(store, HOST), entry);
  });

  check('add makes an entry anew whose end has come', [], async store => {
    await store.add(HOST, NOW - WHITEEXP, WHITEEXP);
    const entry = { first: NOW, pass: NOW, expire: EXPIRE, bcount: 1, pcount: 0 };
    assert.deepEqual(await store.add(HOST, NOW, WHITEEXP), entry);
  });

  check('trap makes an entry as spamdb -t -a does', [], async store => {
    const entry = { first: NOW, pass: 0, expire: NOW + TRAPEXP_SECONDS, bcount: 1, pcount: -1 };
    assert.deepEqual(await store.trap(HOST, NOW, TRAPEXP_SECONDS), entry);
    assert.deepEqual(await recordOf(store, HOST), { kind: 'address', address: HOST, entry });
  });

  check('trap turns a white entry into a trap, and keeps when it was made and passed', [], async store => {
    await store.add(HOST, NOW - 60, WHITEEXP);
    const entry = { first: NOW - 60, pass: NOW - 60, expire: NOW + TRAPEXP_SECONDS, bcount: 1, pcount: -1 };
    assert.deepEqual(await store.trap(HOST, NOW, TRAPEXP_SECONDS), entry);
    assert.deepEqual(await entryOf(store, HOST), entry);
  });

  check('what was seen of an address survives add and trap', ['sightings'], async store => {
    await store.applyBatch(seenOnce(HOST, NOW, 'out'), WHITEEXP);
    const { sighting } = await recordOf(store, HOST);
    await store.trap(HOST, NOW + 1, TRAPEXP_SECONDS);
    assert.deepEqual((await recordOf(store, HOST)).sighting, sighting);
    await store.add(HOST, NOW + 2, WHITEEXP);
    assert.deepEqual((await recordOf(store, HOST)).sighting, sighting);
  });

  check('delete tells whether there was an entry, and removes it', [], async store => {
    assert.equal(await store.delete(HOST), false);
    await store.add(HOST, NOW, WHITEEXP);
    await store.trap('192.0.2.2', NOW, TRAPEXP_SECONDS);
    assert.equal(await store.delete(HOST), true);
    assert.equal(await store.delete(HOST), false);
    assert.equal(await store.delete('192.0.2.2'), true);
    assert.deepEqual(await found(store, '::/0'), []);
  });

  check('delete forgets what was seen', ['sightings'], async store => {
    await store.applyBatch(seenOnce(HOST, NOW), WHITEEXP);
    await store.delete(HOST);
    await store.add(HOST, NOW, WHITEEXP);
    assert.equal((await recordOf(store, HOST)).sighting, undefined);
  });

  check("add, trap and delete leave the tarpit's tuples alone", ['tarpit'], async (store, opened) => {
    const tuple = tarpitTuple(HOST, '<bob@example.org>');
    await opened.plant([tuple]);
    assert.equal(await store.delete(HOST), false);
    await store.add(HOST, NOW, WHITEEXP);
    assert.deepEqual((await found(store, HOST))[1], tuple);
    await store.trap(HOST, NOW, TRAPEXP_SECONDS);
    assert.equal(await store.delete(HOST), true);
    assert.deepEqual(await found(store, HOST), [tuple]);
  });

  check('IPv6 addresses are changed by hand like others', ['ipv6'], async store => {
    await store.add('2001:db8::25', NOW, WHITEEXP);
    await store.trap('2001:db8::25', NOW, TRAPEXP_SECONDS);
    assert.equal((await entryOf(store, '2001:db8::25')).pcount, -1);
    assert.equal(await store.delete('2001:db8::25'), true);
  });

  check('what has ended is removed, and its addresses are given', [], async store => {
    await store.add('192.0.2.1', NOW - 1, WHITEEXP);
    await store.add('192.0.2.2', NOW, WHITEEXP);
    await store.add('192.0.2.3', NOW + 1, WHITEEXP);
    assert.deepEqual(await store.expireWhite(NOW), []);
    assert.deepEqual((await store.expireWhite(EXPIRE)).sort(), ['192.0.2.1', '192.0.2.2']);
    assert.deepEqual(addressesOf(await found(store, '::/0')), ['192.0.2.3']);
    assert.deepEqual(await store.expireWhite(EXPIRE), []);
  });

  check('what is removed at its end is forgotten', ['sightings'], async store => {
    await store.applyBatch(seenOnce(HOST, NOW), WHITEEXP);
    assert.deepEqual(await store.expireWhite(EXPIRE), [HOST]);
    await store.add(HOST, EXPIRE, WHITEEXP);
    assert.equal((await recordOf(store, HOST)).sighting, undefined);
  });

  check('a trap that has ended is not removed', [], async store => {
    await store.trap(HOST, NOW, TRAPEXP_SECONDS);
    assert.deepEqual(await store.expireWhite(NOW + 2 * TRAPEXP_SECONDS), []);
    assert.equal((await entryOf(store, HOST)).pcount, -1);
  });

  check("of the tarpit's records only white ones are removed", ['tarpit'], async (store, opened) => {
    await opened.plant([
      tarpitRecord('192.0.2.1', { expire: NOW }),
      tarpitRecord('192.0.2.2', { expire: NOW, pcount: -1 }),
      tarpitRecord('192.0.2.3', { expire: NOW + 1 }),
      tarpitTuple('192.0.2.1', '<bob@example.org>', { expire: NOW }),
      { kind: 'spamtrap', address: 'spamtrap@example.org' },
    ]);
    assert.deepEqual(await store.expireWhite(NOW), ['192.0.2.1']);
    const left = addressesOf(await listed(store)).sort();
    assert.deepEqual(left, ['192.0.2.1', '192.0.2.2', '192.0.2.3', 'spamtrap@example.org']);
  });

  check('keys that are no addresses are never removed', ['garbage'], async (store, opened) => {
    const count = await opened.plantGarbage({ first: 1, pass: 1, expire: NOW, bcount: 0, pcount: 1 });
    assert.deepEqual(await store.expireWhite(NOW + 1), []);
    assert.equal((await listed(store)).length, count);
  });

  check('keys that are no addresses can be listed alone', ['garbage'], async (store, opened) => {
    await store.add('192.0.2.1', NOW, WHITEEXP);
    await opened.plantGarbage({ first: 1, pass: 1, expire: NOW + 1, bcount: 0, pcount: 1 });
    const options = { now: NOW, whiteexpSeconds: WHITEEXP, sort: 'database' } as const;
    const all: string[] = [];
    for await (const { address } of store.list(options)) all.push(address);
    const garbage: string[] = [];
    for await (const { address } of store.list({ ...options, onlyGarbage: true })) garbage.push(address);
    const others = all.filter(address => address !== '192.0.2.1');
    assert.ok(garbage.length > 0);
    assert.deepEqual(garbage.toSorted(), others.toSorted());
  });

  check('thousands that have ended are removed at once', [], async store => {
    const addresses = Array.from({ length: 3000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    for (const address of addresses.slice(0, 3)) await store.add(address, NOW + 1, WHITEEXP);
    await store.applyBatch(batchOf(addresses.slice(3).map(address => ({ address, time: NOW }))), WHITEEXP);
    assert.deepEqual((await store.expireWhite(EXPIRE)).sort(), addresses.slice(3).sort());
    assert.equal((await found(store, '::/0')).length, 3);
  });

  check('what has ended is removed in parts where that is asked for', [], async store => {
    const addresses = Array.from({ length: 10 }, (_, i) => `192.0.2.${i}`);
    for (const address of addresses) await store.add(address, NOW, WHITEEXP);
    const parts: string[][] = [];
    do parts.push(await store.expireWhite(EXPIRE, 4));
    while (parts.at(-1)!.length > 0);
    assert.deepEqual(
      parts.map(part => part.length),
      [4, 4, 2, 0],
    );
    assert.deepEqual(parts.flat().sort(), addresses.toSorted());
    assert.deepEqual(await found(store, '::/0'), []);
  });

  check('the store may be changed while a list is under way', [], async store => {
    const addresses = Array.from({ length: 5000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    await store.applyBatch(batchOf(addresses.map(address => ({ address, time: NOW }))), WHITEEXP);
    for (const sort of ['database', 'address'] as const) {
      const seen = new Set<string>();
      for await (const { address } of store.list({ now: NOW, whiteexpSeconds: WHITEEXP, sort })) {
        if (seen.size % 1000 === 0) await store.add('10.0.9.9', NOW + seen.size, WHITEEXP);
        seen.add(address);
      }
      assert.deepEqual([...seen].sort(), [...addresses].sort(), sort);
    }
  });

  check('closing a second time does no harm', [], async store => {
    await store.add(HOST, NOW, WHITEEXP);
    await store.close();
    await store.close();
  });
}
