import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NftTable } from '../../src/table/nft.js';
import type { RunRequest, RunResult } from '../../src/table/runner.js';
import type { NftTableSpec } from '../../src/table/table-spec.js';
import { entries, rejects } from '../contract/table.js';

const SPEC: NftTableSpec = { kind: 'nft', family: 'inet', table: 't', set4: 'w4', set6: 'w6' };

/** A set as `nft -j -t list sets` prints it. */
function set(name: string, type: unknown, flags: string[] = ['timeout'], more: object = {}): object {
  return { set: { family: 'inet', name, table: 't', type, handle: 1, flags, ...more } };
}

const BOTH = [set('w4', 'ipv4_addr'), set('w6', 'ipv6_addr')];

/** An nft that lists these sets and answers scripts one after the other with these standard errors, '' for success. */
function fakeNft(sets: object[] | string, ...answers: string[]) {
  const scripts: string[] = [];
  const listings: string[] = [];
  const exit = (status: number, stdout: string, stderr = ''): RunResult => ({
    end: 'exited',
    status,
    stdout,
    stderr,
  });
  const runner = async ({ args, input }: RunRequest): Promise<RunResult> => {
    if (args.includes('list')) {
      listings.push(args.join(' '));
      return exit(
        0,
        typeof sets === 'string' ? sets : JSON.stringify({ nftables: [{ metainfo: {} }, ...sets] }),
      );
    }
    scripts.push([...(input ?? [])].join(''));
    const stderr = answers.shift() ?? '';
    return exit(stderr === '' ? 0 : 1, '', stderr);
  };
  return { runner, scripts, listings };
}

test('a table is named by its sets', () => {
  const { runner } = fakeNft(BOTH);
  assert.equal(new NftTable(SPEC, runner).name, 'nftables sets inet t w4 and w6');
  const one = new NftTable({ kind: 'nft', family: 'ip6', table: 't', set6: 'w6' }, runner);
  assert.equal(one.name, 'nftables set ip6 t w6');
  assert.deepEqual(one.families, { ipv4: false, ipv6: true });
});

test('a probe tells whether the kernel forgets, how much goes in, and what is amiss', async () => {
  const probe = (sets: object[]) => new NftTable(SPEC, fakeNft(sets).runner).probe();
  assert.deepEqual(await probe(BOTH), { forgets: true, warnings: [] });
  const sized = [
    set('w4', 'ipv4_addr', ['timeout'], { size: 10 }),
    set('w6', 'ipv6_addr', ['timeout'], { size: 5 }),
  ];
  assert.deepEqual(await probe(sized), { forgets: true, capacity: 15, warnings: [] });
  const state = await probe([sized[0]!, set('w6', 'ipv6_addr', [])]);
  assert.equal(state.forgets, false);
  assert.equal(state.capacity, undefined);
  assert.deepEqual(state.warnings, [
    'set w6 has no "flags timeout": it forgets nothing while spamlogd is down',
  ]);
});

test('sets that cannot hold single addresses of the right family are refused by name', async () => {
  const probe = (sets: object[] | string) => new NftTable(SPEC, fakeNft(sets).runner).probe();
  const four = BOTH[0]!;
  await rejects(
    probe([four]),
    'missing',
    /^Cannot probe nftables sets inet t w4 and w6: there is no set w6; load the ruleset/,
  );
  const elsewhere = { set: { family: 'inet', name: 'w6', table: 'other', type: 'ipv6_addr' } };
  await rejects(probe([four, elsewhere]), 'missing', /there is no set w6/);
  await rejects(probe([four, set('w6', 'ipv4_addr')]), 'unsuitable', /set w6 is not of type ipv6_addr$/);
  await rejects(
    probe([four, set('w6', ['ipv6_addr', 'inet_service'])]),
    'unsuitable',
    /not of type ipv6_addr$/,
  );
  const interval = set('w6', 'ipv6_addr', ['interval', 'timeout']);
  await rejects(
    probe([four, interval]),
    'unsuitable',
    /set w6 has "flags interval"; declare one without, and match both/,
  );
  await rejects(
    probe([four, set('w6', 'ipv6_addr', ['constant'])]),
    'constant',
    /set w6 has "flags constant"/,
  );
  await rejects(probe('nonsense'), 'failed', /nft printed no list of sets$/);
});

test('both families go in one transaction, and an address of a family without a set is left out', async () => {
  const both = fakeNft(BOTH);
  await new NftTable(SPEC, both.runner, { updatesElements: true }).add(entries('192.0.2.1', '2001:db8::1'));
  assert.deepEqual(both.scripts, [
    'add element inet t w4 { 192.0.2.1 timeout 1d0s expires 1d0s }\nadd element inet t w6 { 2001:db8::1 timeout 1d0s expires 1d0s }\n',
  ]);
  const four = fakeNft(BOTH);
  const { set6: _, ...spec } = SPEC;
  await new NftTable(spec, four.runner, { updatesElements: true }).replace(
    entries('192.0.2.1', '2001:db8::1'),
  );
  assert.deepEqual(four.scripts, [
    'flush set inet t w4\nadd element inet t w4 { 192.0.2.1 timeout 1d0s expires 1d0s }\n',
  ]);
});

test('the sets are looked at once, and anew when a script fails on what was known of them', async () => {
  const sets = [...BOTH];
  const nft = fakeNft(sets, '', '/dev/stdin:1:1-2: Error: Could not process rule: Invalid argument\n');
  const table = new NftTable(SPEC, nft.runner, { updatesElements: true });
  await table.add(entries('192.0.2.1'));
  assert.equal(nft.listings.length, 1);
  sets[0] = set('w4', 'ipv4_addr', []);
  await table.add(entries('192.0.2.2'));
  assert.equal(nft.listings.length, 2);
  assert.deepEqual(nft.scripts.slice(1), [
    'add element inet t w4 { 192.0.2.2 timeout 1d0s expires 1d0s }\n',
    'add element inet t w4 { 192.0.2.2 }\n',
  ]);
});

test('each way in which nft fails is a sentence that says what to do', async () => {
  const add = (stderr: string) =>
    new NftTable(SPEC, fakeNft(BOTH, stderr, stderr).runner).add(entries('192.0.2.1'));
  const rule = (text: string) =>
    `/dev/stdin:1:24-30: Error: Could not process rule: ${text}\nadd element inet\n   ^^^\n`;
  await rejects(
    add(rule('Too many open files in system')),
    'full',
    /the set is full; declare it with a greater "size", or with none$/,
  );
  await rejects(
    add('Error: No such file or directory; did you mean set ‘tof’ in table inet ‘t’?\n'),
    'missing',
    /load the ruleset that declares it$/,
  );
  await rejects(
    add('Operation not permitted (you must be root)\n'),
    'permission',
    /run nft as root or with CAP_NET_ADMIN$/,
  );
  await rejects(
    add('netlink: Error: cache initialization failed: Protocol not supported\n'),
    'unavailable',
    /this kernel has no nftables/,
  );
  await rejects(add('JSON support not compiled-in\n'), 'unavailable', /this nft cannot print JSON/);
  await rejects(
    add(rule('Device or resource busy')),
    'failed',
    /nft ended with status 1: it said "\/dev\/stdin:1:24-30: Error: Could not process rule: Device or resource busy"$/,
  );
  const late = new NftTable(SPEC, async () => ({ end: 'late', seconds: 30 }));
  await rejects(late.read(), 'timeout', /nft was not done after 30 s and was killed$/);
});
