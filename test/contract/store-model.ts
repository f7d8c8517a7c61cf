// Random histories played through a database and through the one in memory: both must tell the same at each step.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MemoryStore } from '../../src/store/memory-store.js';
import {
  type ListOptions,
  lastSeenOf,
  type SortKey,
  type Store,
  type StoreRecord,
} from '../../src/store/store.js';
import {
  ANCHOR_RULE,
  batchOf,
  type Check,
  type Feature,
  found,
  listed,
  NOW,
  RULE,
  type Seen,
  sorted,
} from './store-subject.js';

/** Short, so that entries end within a history. */
const WHITEEXP = 1000;
const TRAPEXP = 300;

const IPV4 = ['192.0.2.1', '192.0.2.2', '10.0.0.1', '100.0.0.1'];
const IPV6 = ['2001:db8::1', '2001::1:5:6:7:8', '::1'];

/** Does one thing to a store; what it gives back is compared. */
interface Step {
  readonly text: string;
  readonly run: (store: Store) => Promise<unknown>;
}

function steps(addresses: readonly string[]): fc.Arbitrary<Step> {
  const address = fc.constantFrom(...addresses);
  const time = fc.integer({ min: NOW, max: NOW + 3 * WHITEEXP });
  const seen: fc.Arbitrary<Seen> = fc.record({
    address,
    time,
    direction: fc.constantFrom('in', 'out'),
    rule: fc.constantFrom(RULE, ANCHOR_RULE),
  });
  const batch = fc.array(seen, { maxLength: 12 }).map(all => ({
    text: `applyBatch ${all.map(one => `${one.address}@${one.time - NOW} ${one.direction}`).join(', ')}`,
    run: async (store: Store) => {
      const { outcomes, expires } = await store.applyBatch(batchOf(all, WHITEEXP), WHITEEXP);
      return [...outcomes, ...expires];
    },
  }));
  const byHand = fc.tuple(fc.constantFrom('add', 'trap', 'delete', 'expireWhite'), address, time);
  return fc.oneof(
    { weight: 3, arbitrary: batch },
    {
      weight: 2,
      arbitrary: byHand.map(([what, one, now]) => ({
        text: `${what} ${one}@${now - NOW}`,
        run: async (store: Store): Promise<unknown> => {
          if (what === 'add') return store.add(one, now, WHITEEXP);
          if (what === 'trap') return store.trap(one, now, TRAPEXP);
          if (what === 'delete') return store.delete(one);
          return (await store.expireWhite(now)).sort();
        },
      })),
    },
  );
}

const listOptions = fc.record(
  {
    now: fc.integer({ min: NOW, max: NOW + 3 * WHITEEXP }),
    whiteexpSeconds: fc.constant(WHITEEXP),
    sort: fc.constantFrom<SortKey>('database', 'address', 'lastSeen', 'expire', 'first', 'pcount'),
    status: fc
      .uniqueArray(fc.constantFrom('WHITE', 'TRAPPED', 'EXPIRED', 'GREY', 'SPAMTRAP'))
      .map(all => new Set(all) as NonNullable<ListOptions['status']>),
    seenSince: fc.integer({ min: NOW, max: NOW + 3 * WHITEEXP }),
    expiringUntil: fc.integer({ min: NOW, max: NOW + 4 * WHITEEXP }),
  },
  { requiredKeys: ['now', 'whiteexpSeconds', 'sort'] },
);

/** What a list is sorted by; equal ones may come in any order. */
function keysOf(records: readonly StoreRecord[], options: ListOptions): unknown[] {
  const { sort } = options;
  return records.map(record => {
    if (record.kind !== 'address' || sort === 'database') return undefined;
    if (sort === 'address') return record.address;
    if (sort === 'lastSeen') return lastSeenOf(record, options);
    return record.entry[sort];
  });
}

/** A record without what the subject cannot keep. */
function kept(
  records: readonly StoreRecord[],
  gaps: Readonly<Partial<Record<Feature, string>>>,
): StoreRecord[] {
  if (gaps.sightings === undefined) return [...records];
  return records.map(record => {
    if (record.kind !== 'address') return record;
    const { sighting: _, ...rest } = record;
    return rest;
  });
}

/** The test. */
export function checkModel(
  check: Check,
  gaps: Readonly<Partial<Record<Feature, string>>>,
  runs: number,
): void {
  check('any history ends as it does in memory', [], async store => {
    const addresses = gaps.ipv6 === undefined ? [...IPV4, ...IPV6] : IPV4;
    const history = fc.tuple(
      fc.array(steps(addresses), { minLength: 1, maxLength: 12 }),
      fc.array(listOptions),
    );
    await fc.assert(
      fc.asyncProperty(history, async ([plays, lists]) => {
        for (const address of addresses) await store.delete(address);
        const model = new MemoryStore();
        for (const { text, run } of plays) {
          assert.deepEqual(await run(store), await run(model), text);
          assert.deepEqual(
            kept(await found(store, '::/0'), gaps),
            kept(await found(model, '::/0'), gaps),
            text,
          );
        }
        for (const options of lists) {
          if (
            gaps.sightings !== undefined &&
            (options.seenSince !== undefined || options.sort === 'lastSeen')
          )
            continue;
          const text = JSON.stringify({ ...options, status: [...(options.status ?? [])] });
          const records = kept(await listed(store, options), gaps);
          const expected = kept(await listed(model, options), gaps);
          assert.deepEqual(sorted(records), sorted(expected), text);
          assert.deepEqual(keysOf(records, options), keysOf(expected, options), text);
        }
      }),
      { numRuns: runs, includeErrorInReport: true },
    );
  });
}
