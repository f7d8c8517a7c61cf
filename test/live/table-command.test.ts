import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pflogCapture } from '../support/captures.js';
import { type Outcome, run } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { CANNOT_RUN, Namespace } from './table-netns.js';

const RULES = `table inet spamlogd {
  set white4 { type ipv4_addr; flags timeout; }
  set white6 { type ipv6_addr; flags timeout; }
  set small { type ipv4_addr; flags timeout; size 1; }
  set ranges { type ipv4_addr; flags interval; }
  set plain { type ipv4_addr; }
}\n`;
const TABLE = '--table=nft:inet:spamlogd:white4:white6';
const NAME = 'nftables sets inet spamlogd white4 and white6';

/** A kernel of its own with sets, and a database with these white addresses. */
async function setUp(t: TestContext, white: readonly string[]) {
  const namespace = new Namespace();
  t.after(() => namespace.remove());
  namespace.nft(RULES);
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  await run(['add', '--database', database, ...white]);
  const command = (args: readonly string[], input?: Buffer): Promise<Outcome> =>
    run([...args, '--database', database], { within: namespace.prefix, ...(input && { input }) });
  const set = (name: string): string =>
    namespace.run('nft', ['list', 'set', 'inet', 'spamlogd', name]).replace(/ expires [^ ,]+/g, '');
  return { namespace, command, set };
}

test('table show prints the elements with the life that is left of them', { skip: CANNOT_RUN }, async t => {
  const { namespace, command } = await setUp(t, ['192.0.2.1']);
  namespace.nft(`add element inet spamlogd white4 { 192.0.2.7 timeout 5d }
    add element inet spamlogd white6 { 2001:db8::7 }\n`);
  const { status, stdout } = await command(['table', 'show', TABLE]);
  assert.equal(status, 0);
  assert.match(stdout, /^192\.0\.2\.7 {2}4 d 23 h left\n2001:db8::7\n$/);
  const json = (await command(['table', 'show', TABLE, '--json'])).stdout.trim().split('\n');
  const [first, second] = json.map(line => JSON.parse(line));
  assert.ok(first.lifetimeSeconds > 4 * 86_400 && first.lifetimeSeconds <= 5 * 86_400);
  assert.deepEqual(second, { table: NAME, address: '2001:db8::7' });
});

test('table diff and push bring sets in line, and leave to others what is theirs', {
  skip: CANNOT_RUN,
}, async t => {
  const { namespace, command, set } = await setUp(t, ['192.0.2.1', '192.0.2.2', '2001:db8::1']);
  namespace.nft('add element inet spamlogd white4 { 192.0.2.2 timeout 1h, 203.0.113.9 timeout 1h }\n');
  const diff = await command(['table', 'diff', TABLE]);
  assert.equal(diff.status, 1);
  assert.deepEqual(diff.stdout.trim().split('\n'), [
    '+ 192.0.2.1',
    '+ 2001:db8::1',
    '~ 192.0.2.2',
    '- 203.0.113.9',
    `${NAME}: 2 in it, 3 white, 2 missing, 1 forgotten too soon, 1 not white`,
  ]);

  const before = [set('white4'), set('white6')];
  const dry = await command(['table', 'push', TABLE, '--dry-run', '--table-owner']);
  assert.deepEqual(
    [dry.status, dry.stdout],
    [0, `${NAME}: would be 2 added, 1 refreshed, 1 removed\n`],
    dry.stderr,
  );
  assert.deepEqual([set('white4'), set('white6')], before);

  const push = await command(['table', 'push', TABLE]);
  assert.deepEqual([push.status, push.stdout], [0, `${NAME}: 2 added, 1 refreshed, 0 removed\n`]);
  assert.match(set('white4'), /192\.0\.2\.1 timeout 35d23h|192\.0\.2\.1 timeout 36d/);
  assert.match(set('white4'), /192\.0\.2\.2 timeout 3[56]d/);
  assert.match(set('white4'), /203\.0\.113\.9/);
  assert.match(set('white6'), /2001:db8::1/);
  const owned = await command(['table', 'push', TABLE, '--table-owner']);
  assert.equal(owned.stdout, `${NAME}: 0 added, 0 refreshed, 1 removed\n`);
  const inLine = await command(['table', 'diff', TABLE]);
  assert.deepEqual(
    [inLine.status, inLine.stdout],
    [0, `${NAME}: 3 in it, 3 white, 0 missing, 0 not white\n`],
  );
});

test('what fits goes into a full set, in one transaction where the set would be empty in between', {
  skip: CANNOT_RUN,
}, async t => {
  const { namespace, command, set } = await setUp(t, ['192.0.2.1']);
  const small = '--table=nft:inet:spamlogd:small';
  namespace.nft('add element inet spamlogd small { 203.0.113.9 timeout 1h }\n');
  for (const more of [['--dry-run'], []]) {
    const { status, stderr } = await command(['table', 'push', small, '--table-owner', ...more]);
    assert.equal(status, 0, stderr);
  }
  assert.match(set('small'), /192\.0\.2\.1 timeout/);
  assert.doesNotMatch(set('small'), /203/);
});

test('a set that fails keeps none of the others from its turn', { skip: CANNOT_RUN }, async t => {
  const { command, set } = await setUp(t, ['192.0.2.1']);
  const sets = ['nope', 'plain', 'ranges'].map(name => `--table=nft:inet:spamlogd:${name}`);
  const { status, stdout, stderr } = await command(['table', 'push', ...sets]);
  assert.deepEqual(
    [status, stdout],
    [69, 'nftables set inet spamlogd plain: 1 added, 0 refreshed, 0 removed\n'],
  );
  assert.match(set('plain'), /192\.0\.2\.1/);
  const lines = stderr.trimEnd().split('\n');
  assert.match(lines[0]!, /^spamlogd: Cannot probe nftables set inet spamlogd nope: /);
  assert.match(lines[1]!, /^spamlogd: warning: set plain has no "flags timeout"/);
  assert.match(lines[2]!, /^spamlogd: Cannot probe nftables set inet spamlogd ranges: /);
  assert.equal(lines.length, 3);
});

test('several tables are brought in line by one command', { skip: CANNOT_RUN }, async t => {
  const { command, set } = await setUp(t, ['192.0.2.1']);
  const { status, stdout } = await command(['table', 'push', TABLE, '--table=nft:inet:spamlogd:plain']);
  assert.deepEqual(
    [status, stdout],
    [
      0,
      `${NAME}: 1 added, 0 refreshed, 0 removed\nnftables set inet spamlogd plain: 1 added, 0 refreshed, 0 removed\n`,
    ],
  );
  assert.match(set('plain'), /192\.0\.2\.1/);
});

test('replay --push puts what it whitelisted into the sets', { skip: CANNOT_RUN }, async t => {
  const { command, set } = await setUp(t, ['192.0.2.1']);
  const time = Math.floor(Date.now() / 1000) - 86_400;
  const capture = pflogCapture({ time, src: '192.0.2.7' });
  const { status, stdout, stderr } = await command(['replay', '--push', TABLE, '-'], capture);
  assert.equal(status, 0, stderr);
  assert.match(stdout, new RegExp(`\n${NAME}: 2 added, 0 refreshed, 0 removed\n$`));
  assert.match(set('white4'), /192\.0\.2\.7 timeout 3[45]d/);
});

test('what is wrong with a set is told in one line', { skip: CANNOT_RUN }, async t => {
  const { namespace, command } = await setUp(t, ['192.0.2.1', '192.0.2.2']);
  for (const [args, status, why] of [
    [['show', '--table=nft:inet:spamlogd:nope'], 69, /there is no set nope; load the ruleset/],
    [['diff', '--table=nft:ip:nope:white4'], 69, /there is no set white4|there is no such table or set/],
    [['push', '--table=nft:inet:spamlogd:white6'], 69, /set white6 is not of type ipv4_addr/],
    [
      ['push', '--table=nft:inet:spamlogd:ranges'],
      69,
      /set ranges has "flags interval"; declare one without/,
    ],
    [['push', '--table=nft:inet:spamlogd:small'], 69, /the set is full; declare it with a greater "size"/],
    [['push', '--dry-run', '--table=nft:inet:spamlogd:nope'], 69, /there is no set nope/],
  ] as const) {
    const outcome = await command(['table', ...args]);
    assert.deepEqual([outcome.status, outcome.stdout], [status, ''], args.join(' '));
    assert.match(outcome.stderr, why);
    assert.equal(outcome.stderr.trimEnd().split('\n').length, 1);
  }
  const powerless = ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all', '--ambient-caps', '-all'];
  const { status, stderr } = await run(['table', 'show', TABLE], {
    within: [...namespace.prefix, ...powerless],
  });
  assert.equal(status, 77, stderr);
  assert.match(stderr, /the kernel forbids it; run nft as root or with CAP_NET_ADMIN\n$/);
});
