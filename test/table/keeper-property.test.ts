import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { WhiteEntry } from '../../src/table/difference.js';
import { TableKeeper } from '../../src/table/keeper.js';
import { FakeClock, settle } from './fake-clock.js';
import { MemoryTable } from './memory-table.js';

const address = fc.integer({ min: 1, max: 6 }).map(i => (i % 2 ? `192.0.2.${i}` : `2001:db8::${i}`));
const foreign = fc.integer({ min: 1, max: 3 }).map(i => `198.51.100.${i}`);
const seconds = fc.integer({ min: 1, max: 400 });

/** Something that happens to the database, the table, the firewall or the time. */
const happening = fc.oneof(
  fc.record({ kind: fc.constant('seen' as const), address, seconds }),
  fc.record({ kind: fc.constant('made white by the tarpit' as const), address, seconds }),
  fc.record({ kind: fc.constant('deleted' as const), address }),
  fc.record({ kind: fc.constant('expired' as const), address }),
  fc.record({ kind: fc.constant('taken out by others' as const), address }),
  fc.record({ kind: fc.constant('put in by others' as const), address: foreign }),
  fc.record({ kind: fc.constant('flushed' as const) }),
  fc.record({
    kind: fc.constant('fault' as const),
    method: fc.constantFrom('add', 'remove', 'read', 'probe'),
  }),
  fc.record({ kind: fc.constant('repaired' as const) }),
  fc.record({ kind: fc.constant('look' as const) }),
  fc.record({ kind: fc.constant('rest' as const) }),
  fc.record({ kind: fc.constant('turn' as const) }),
  fc.record({ kind: fc.constant('time' as const), seconds: fc.integer({ min: 1, max: 90 }) }),
);

type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** The table is read before something is written that was asked for before the look began. */
const WRITTEN_BEHIND_A_LOOK: Happening[] = [
  { kind: 'expired', address: '192.0.2.1' },
  { kind: 'seen', address: '2001:db8::4', seconds: 1 },
  { kind: 'deleted', address: '2001:db8::4' },
];

test('whatever happens, two looks later the table holds what is white, and nothing of ours besides', async () => {
  const lags = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 12 });
  const settings = fc.record({ isOwner: fc.boolean(), forgets: fc.boolean(), lags });
  await fc.assert(
    fc.asyncProperty(
      settings,
      fc.array(happening, { maxLength: 25 }),
      async ({ isOwner, forgets, lags }, happenings) => {
        const clock = new FakeClock();
        const table = new MemoryTable({ now: () => clock.now(), forgets });
        let steps = 0;
        table.gate = table.lag = async () => {
          for (let turns = lags[steps++ % lags.length]!; turns > 0; turns--) await new Promise(setImmediate);
        };
        const white = new Map<string, number>();
        const source = async function* (now: number): AsyncGenerator<WhiteEntry> {
          for (const [address, expire] of [...white]) if (expire > now) yield { address, expire };
        };
        const log = { info: () => undefined, warn: () => undefined };
        const keeper = new TableKeeper({ table, source, log, clock, isOwner });
        void keeper.start();
        for (const one of happenings) {
          switch (one.kind) {
            case 'seen':
              white.set(one.address, clock.now() + one.seconds);
              keeper.push([{ address: one.address, expire: clock.now() + one.seconds }]);
              break;
            case 'made white by the tarpit':
              white.set(one.address, clock.now() + one.seconds);
              break;
            case 'deleted':
              white.delete(one.address);
              break;
            case 'expired':
              white.delete(one.address);
              keeper.expire([one.address]);
              break;
            case 'taken out by others':
              table.ends.delete(one.address);
              break;
            case 'put in by others':
              table.ends.set(one.address, Number.POSITIVE_INFINITY);
              break;
            case 'flushed':
              table.ends.clear();
              break;
            case 'fault':
              table.faults.set(one.method, 'failed');
              break;
            case 'repaired':
              table.faults.clear();
              break;
            case 'look':
              void keeper.reconcile();
              break;
            case 'rest':
              await settle();
              break;
            case 'turn':
              await new Promise(setImmediate);
              break;
            case 'time':
              await clock.advance(one.seconds);
          }
        }
        table.faults.clear();
        white.set('203.0.113.1', clock.now() + 1e6);
        await clock.advance(125);
        await keeper.reconcile();
        await settle();
        const expected = [...white].filter(([, expire]) => expire > clock.now()).map(([text]) => text);
        const isForeign = (text: string): boolean => text.startsWith('198.51.100.');
        assert.deepEqual(
          table.held.filter(text => !isForeign(text)),
          expected.sort(),
        );
        if (isOwner) assert.deepEqual(table.held.filter(isForeign), []);
        const { state, waiting } = keeper.status();
        assert.deepEqual({ state, waiting }, { state: 'in-line', waiting: 0 });
        await keeper.stop();
        assert.equal(clock.pending, 0);
      },
    ),
    { numRuns: 200, examples: [[{ isOwner: false, forgets: false, lags: [0] }, WRITTEN_BEHIND_A_LOOK]] },
  );
});
