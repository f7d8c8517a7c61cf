// The contract of find: exactly the records whose address is inside a prefix.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type AddressWords, formatAddress, parseAddress } from '../../src/address/address.js';
import { formatPrefix, type Prefix, prefixContains } from '../../src/address/prefix.js';
import {
  addressesOf,
  batchOf,
  type Check,
  found,
  NOW,
  sorted,
  tarpitRecord,
  tarpitTuple,
  WHITEEXP,
} from './store-subject.js';

const IPV4 = [
  ...[
    '0.0.0.0',
    '1.2.3.4',
    '9.255.255.255',
    '10.0.0.0',
    '10.0.0.1',
    '10.0.1.0',
    '10.1.0.0',
    '10.255.255.255',
  ],
  ...['100.64.0.1', '11.0.0.0', '127.0.0.1', '192.0.2.7', '192.0.2.77', '192.0.20.7', '255.255.255.255'],
];

/** Among them such whose text hides zero groups that others of the same prefix show. */
const IPV6 = [
  ...['::', '::1', '::1:0:0', '1::', '2001:db8::', '2001:db8::1', '2001:db8:0:1::1', '2001:db8::1:0:0:1'],
  ...['2001:db8:0:1:1:1:1:1', '2001::1:5:6:7:8', '2001:0:0:1::8', '2001:db9::1', '2002:c000:204::1'],
  ...['64:ff9b::c000:207', 'fe80::1', 'fe80:0:0:1::1', '2001:db8:0:0:1::', '1:0:0:2::3'],
  ...['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:0:8', '1:2:3:4:5:6:7:0', '1:0:3:4:5:6:7:8', 'a::b:1:2:0:0'],
];

/** The prefix of so many bits that an address is in. */
function prefixAround(words: AddressWords, bits: number): Prefix {
  const kept = words.map((word, i) => {
    const fixed = Math.min(32, Math.max(0, bits - 32 * i));
    return fixed === 0 ? 0 : (word & (0xffffffff << (32 - fixed))) >>> 0;
  });
  return { words: kept as unknown as AddressWords, bits };
}

function inside(prefix: Prefix, addresses: readonly string[]): string[] {
  return addresses.filter(address => prefixContains(prefix, parseAddress(address)!)).sort();
}

/** The tests. */
export function checkFind(check: Check): void {
  check('a single address finds itself and nothing else', [], async store => {
    await store.applyBatch(batchOf(IPV4.map(address => ({ address, time: NOW }))), WHITEEXP);
    for (const address of IPV4) assert.deepEqual(addressesOf(await found(store, address)), [address]);
    for (const unknown of ['192.0.2.8', '19.0.2.7', '2001:db8::1']) {
      assert.deepEqual(await found(store, unknown), [], unknown);
    }
  });

  check('a network finds what is inside, at every length', [], async store => {
    await store.applyBatch(batchOf(IPV4.map(address => ({ address, time: NOW }))), WHITEEXP);
    for (const address of IPV4) {
      for (let bits = 90; bits <= 128; bits++) {
        const prefix = prefixAround(parseAddress(address)!, bits);
        const text = formatPrefix(prefix);
        assert.deepEqual(addressesOf(await found(store, text)).sort(), inside(prefix, IPV4), text);
      }
    }
    assert.equal((await found(store, '0.0.0.0/0')).length, IPV4.length);
    assert.equal((await found(store, '::/0')).length, IPV4.length);
  });

  check('an IPv6 network finds what is inside, however zeros are written', ['ipv6'], async store => {
    const all = [...IPV4, ...IPV6];
    await store.applyBatch(batchOf(all.map(address => ({ address, time: NOW }))), WHITEEXP);
    for (const [i, address] of IPV6.entries()) {
      for (let bits = i % 4; bits <= 128; bits += 4) {
        const prefix = prefixAround(parseAddress(address)!, bits);
        const text = formatPrefix(prefix);
        assert.deepEqual(addressesOf(await found(store, text)).sort(), inside(prefix, all), text);
      }
    }
    assert.equal((await found(store, '::/0')).length, all.length);
    assert.equal((await found(store, '0.0.0.0/0')).length, IPV4.length);
    assert.equal((await found(store, '::ffff:0:0/96')).length, IPV4.length);
  });

  check('any network of any addresses finds what is inside', ['ipv6'], async store => {
    const group = fc.oneof(fc.constant(0), fc.constant(1), fc.constant(0xffff), fc.nat(0xffff));
    const word = fc.tuple(group, group).map(([high, low]) => ((high << 16) | low) >>> 0);
    const words = fc.tuple(word, word, word, word);
    await fc.assert(
      fc.asyncProperty(fc.array(words, { minLength: 2, maxLength: 30 }), async strangers => {
        // And their neighbours, which share all groups but the last ones with them.
        const neighbours = strangers.map(
          (one, i) => [one[0], one[1], ...strangers.at(i - 1)!.slice(2)] as never,
        );
        const addresses = [...new Set([...strangers, ...neighbours].map(formatAddress))];
        for (const record of await found(store, '::/0')) await store.delete(record.address);
        await store.applyBatch(batchOf(addresses.map(address => ({ address, time: NOW }))), WHITEEXP);
        for (let bits = 1; bits <= 128; bits++) {
          const prefix = prefixAround(strangers[bits % strangers.length]!, bits);
          const text = formatPrefix(prefix);
          assert.deepEqual(addressesOf(await found(store, text)).sort(), inside(prefix, addresses), text);
        }
      }),
      { numRuns: 10 },
    );
  });

  check('more than fits in a page is found once each', [], async store => {
    const addresses = Array.from({ length: 6001 }, (_, i) => `10.${i & 7}.${i >> 11}.${(i >> 3) & 255}`);
    await store.applyBatch(batchOf(addresses.map(address => ({ address, time: NOW }))), WHITEEXP);
    assert.deepEqual(addressesOf(await found(store, '10.0.0.0/8')).sort(), [...addresses].sort());
    assert.deepEqual(addressesOf(await found(store, '::/0')).sort(), [...addresses].sort());
  });

  check("an address finds the tarpit's tuples with it, however many", ['tarpit'], async (store, opened) => {
    const tuples = Array.from({ length: 4500 }, (_, i) => tarpitTuple('192.0.2.7', `<u${i}@example.org>`));
    const others = [tarpitRecord('192.0.2.7'), tarpitTuple('192.0.2.70', '<bob@example.org>')];
    await opened.plant([...tuples, ...others]);
    assert.deepEqual(await found(store, '192.0.2.7'), sorted([...tuples, others[0]!]));
    assert.deepEqual(await found(store, '192.0.2.0/24'), sorted([...tuples, ...others]));
  });

  check('a key that is no address is in no network', ['garbage'], async (store, opened) => {
    await opened.plant([tarpitRecord('192.0.2.7')]);
    await opened.plantGarbage(tarpitRecord('').entry);
    assert.deepEqual(addressesOf(await found(store, '::/0')), ['192.0.2.7']);
    assert.deepEqual(addressesOf(await found(store, '0.0.0.0/0')), ['192.0.2.7']);
  });

  check('whoever has seen enough may stop', [], async store => {
    const addresses = Array.from({ length: 3000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    await store.applyBatch(batchOf(addresses.map(address => ({ address, time: NOW }))), WHITEEXP);
    for await (const record of store.find({ words: [0, 0, 0, 0], bits: 0 })) {
      assert.equal(record.kind, 'address');
      break;
    }
    await store.applyBatch(batchOf([{ address: '10.0.0.1', time: NOW + 1 }]), WHITEEXP);
  });
}
