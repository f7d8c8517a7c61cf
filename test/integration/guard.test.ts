import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const FIXTURES = fileURLToPath(new URL('../../../fixtures/', import.meta.url));
const CAPTURE = join(FIXTURES, 'captures/pflog-100-openbsd.pcap');

/** Rules as `pfctl -a '*' -vvsr` prints them: 4 diverts to the tarpit, and logs; 7 lets mail out. */
const RULES = `@4 pass in log on em0 inet proto tcp from any to any port = 25 flags S/SA divert-to 127.0.0.1 port 8025
@7 pass out log on em0 proto tcp from any to any port = 25 flags S/SA
`;

async function sightings(
  ...options: string[]
): Promise<{ sightings: number; guarded: number; stderr: string }> {
  const { status, stdout, stderr } = await run([
    'replay',
    '-n',
    '--json',
    '--database',
    'none',
    ...options,
    CAPTURE,
  ]);
  assert.equal(status, 0, stderr);
  const report = JSON.parse(stdout);
  return { sightings: report.sightings, guarded: report.ignored['guarded-rule'] ?? 0, stderr };
}

test('what a divert-to rule logs counts without the rules, and not with them', async t => {
  const rules = join(temporaryFolder(t), 'rules');
  writeFileSync(rules, RULES);
  const without = await sightings();
  const saved = await sightings('--pf-rules', rules);
  const byHand = await sightings('--guard-rules', '4');
  assert.ok(saved.guarded > 0);
  assert.equal(without.guarded, 0);
  assert.equal(saved.sightings, without.sightings - saved.guarded);
  assert.deepEqual([byHand.sightings, byHand.guarded], [saved.sightings, saved.guarded]);
});

test('the rule is named once, with its text', async t => {
  const rules = join(temporaryFolder(t), 'rules');
  writeFileSync(rules, RULES);
  const { stderr } = await sightings('--pf-rules', rules);
  assert.match(
    stderr,
    /^spamlogd: warning: what rule 4 logs does not count, since it sends SMTP to a tarpit: .*divert-to/,
  );
  assert.equal(stderr.split('\n').filter(line => line.includes('rule 4')).length, 1);
});

test('check ends with 0 for a clean ruleset, and with 1 and the findings for one that logs its redirection', async () => {
  const clean = await run(['check', '--pf-conf', join(FIXTURES, 'pf/anchor-empty.conf')]);
  assert.equal(clean.status, 0, clean.stdout);
  assert.match(clean.stdout, /Nothing to put right/);
  const bad = await run(['check', '--json', '--pf-conf', join(FIXTURES, 'pf/divert-logs.conf')]);
  assert.equal(bad.status, 1);
  const { findings, rows } = JSON.parse(bad.stdout);
  assert.ok(findings.some((one: { id: string }) => one.id === 'redirect-logs'));
  assert.ok(rows.length > 0);
});

test('check wants exactly one ruleset, and names a file that it cannot read', async () => {
  const none = await run(['check']);
  assert.deepEqual([none.status, none.stdout], [64, '']);
  assert.match(none.stderr, /needs one of --pf-conf, --pf-rules, --nft-rules and --live\n$/);
  const missing = await run(['check', '--pf-conf', '/nonexistent']);
  assert.equal(missing.status, 64);
  assert.match(missing.stderr, /Cannot read rules "\/nonexistent": no such file/);
});

test('replay and explain tell what of the rules they did not read, and where', async t => {
  const rules = join(temporaryFolder(t), 'rules');
  writeFileSync(rules, `${RULES}@8 pass in log on em0 proto tcp nonsense here\nanchor "x" all\n`);
  const { stderr } = await sightings('--pf-rules', rules);
  assert.match(stderr, /^spamlogd: warning: rules not read: .*rules:3:\d+: /m);
  assert.match(stderr, /^spamlogd: warning: rules not read: the rules of anchor "x" are not in the list$/m);
  const explained = await run(['explain', '--pf-rules', rules, CAPTURE]);
  assert.match(explained.stderr, /rules not read: .*rules:3:\d+: /);
});

test('of many places that were not read, ten are named and the others counted', async t => {
  const rules = join(temporaryFolder(t), 'rules');
  writeFileSync(rules, RULES + 'pass nonsense\n'.repeat(25));
  const { stderr } = await sightings('--pf-rules', rules);
  const lines = stderr.split('\n').filter(line => line.includes('rules not read'));
  assert.equal(lines.length, 11);
  assert.match(lines.at(-1)!, /15 more places$/);
});

test('rules of which nothing is understood are no guard', async t => {
  const rules = join(temporaryFolder(t), 'rules');
  writeFileSync(rules, 'garbage garbage\n');
  for (const command of ['replay', 'explain']) {
    const { status, stderr } = await run([
      command,
      ...(command === 'replay' ? ['-n'] : []),
      '--pf-rules',
      rules,
      CAPTURE,
    ]);
    assert.equal(status, 64, stderr);
    assert.match(stderr, /nothing of them is understood \(.*rules:1:1: /);
  }
});

test('a listing without a rule is no guard, as that of pfctl without permission is none', async t => {
  const rules = join(temporaryFolder(t), 'rules');
  const nothing = [
    '',
    '\n \n',
    '# nothing\n',
    'No ALTQ support in kernel\n',
    'set skip on lo\n',
    'a = "b"\n',
  ];
  for (const text of nothing) {
    writeFileSync(rules, text);
    for (const command of [['replay', '-n'], ['explain']]) {
      const { status, stdout, stderr } = await run([...command, '--pf-rules', rules, CAPTURE]);
      const message = `spamlogd: Cannot use the rules: there are none in "${rules}"\n`;
      assert.deepEqual([status, stdout, stderr], [64, '', message], JSON.stringify(text));
    }
  }
});

test('an empty listing is no guard, whatever is guarded by hand beside it', async t => {
  const rules = join(temporaryFolder(t), 'rules');
  writeFileSync(rules, '');
  const { status } = await run(['explain', '--guard-rules', '4', '--pf-rules', rules, CAPTURE]);
  assert.equal(status, 64);
});

test('whose pf printed the rules may be said', async t => {
  const rules = join(temporaryFolder(t), 'rules');
  writeFileSync(rules, RULES);
  const { guarded } = await sightings('--pf-rules', rules, '--dialect', 'freebsd');
  assert.ok(guarded > 0);
});

test('a FIFO or a device that rules include is not read', async t => {
  const folder = temporaryFolder(t);
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  const conf = join(folder, 'pf.conf');
  const lines = [`include "${join(folder, 'fifo')}"`, 'include "/dev/zero"', 'table <x> file "/dev/zero"'];
  writeFileSync(conf, lines.join('\n'));
  const { status, stdout } = await run(['check', '--pf-conf', conf]);
  assert.equal(status, 1);
  assert.equal(stdout.split('not a regular file').length, 3);
});

test('without -l, nftables rules have to log to the groups that the daemon reads', async () => {
  const { stdout } = await run(['check', '--json', '--nft-rules', join(FIXTURES, 'nft/other-group.json')]);
  const ids = JSON.parse(stdout).findings.map((finding: { id: string }) => finding.id);
  assert.ok(ids.includes('other-log-group'), ids.join());
});
