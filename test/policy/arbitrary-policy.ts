// Policies for property tests.

import fc from 'fast-check';
import { PrefixSet, parsePrefix } from '../../src/address/prefix.js';
import type { Policy, RuleGuard } from '../../src/policy/policy.js';

const NETWORKS = [
  ...['0.0.0.0/0', '192.0.2.0/24', '192.0.2.25', '198.51.100.7', '203.0.113.8/29'],
  ...['::/0', '2001:db8::/32', '2001:db8:25::25', '2001:db8:2::/48'],
].map(text => parsePrefix(text)!);

const networks = fc.subarray(NETWORKS, { maxLength: 3 }).map(prefixes => new PrefixSet(prefixes));

const guard: fc.Arbitrary<RuleGuard> = fc
  .record({ ruleset: fc.constantFrom('', 'mail'), rulenr: fc.constantFrom(3, 4, 7, 0xffffffff) })
  .map(guarded => ({
    isGuarded: (ruleset, rulenr, subrulenr) =>
      ruleset === guarded.ruleset && rulenr === guarded.rulenr && subrulenr !== 5,
  }));

const onInterface = fc
  .record({
    name: fc.constantFrom('em0', 'em', 'em01', 'ix0', 'vether1234567890', 'vether12345678901', ''),
    index: fc.constantFrom(undefined, 2, 3, 0xffffffff),
  })
  .map(({ name, index }) => ({ name, ...(index !== undefined && { index }) }));

function sometimes<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined, freq: 2 });
}

/** Any policy, with the networks, interfaces and rules of the fixtures. */
export const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    inboundOnly: fc.integer({ min: 0, max: 3 }).map(n => n === 0),
    ports: fc.constantFrom([25], [25], [25, 587], [587, 8025], [], [0, 65_535]),
    ignore: fc.oneof(fc.constant(new PrefixSet([])), networks),
    mailServers: sometimes(networks),
    guard: sometimes(guard),
    interface: sometimes(onInterface),
  })
  .map(({ mailServers, guard: rules, interface: iface, ...policy }) => ({
    ...policy,
    ...(mailServers && { mailServers }),
    ...(rules && { guard: rules }),
    ...(iface && { interface: iface }),
  }));
