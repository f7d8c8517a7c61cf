import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { lookupAccount } from '../../src/system/account.js';
import { dropPrivileges, findPrivileges, isRoot } from '../../src/system/privileges.js';

const skip = !isRoot() && 'needs root';
const MODULE = new URL('../../src/system/privileges.js', import.meta.url).href;

/** Runs a few lines in a process of its own; gives what they print as JSON, or the error's message. */
function run(lines: string, command: string[] = []): unknown {
  const script = `import { dropPrivileges, findPrivileges } from '${MODULE}';
    const account = ${JSON.stringify(lookupAccount('nobody'))};
    const say = value => process.stdout.write(JSON.stringify(value));
    try { ${lines} } catch (error) { say(error.message); }`;
  const [file, ...args] = [...command, process.execPath, '--input-type=module', '-e', script];
  const { stdout, stderr } = spawnSync(file!, args, { encoding: 'utf8' });
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

test('afterwards every id, group and thread is the account’s', { skip }, () => {
  const { uid, gid } = lookupAccount('nobody');
  const result = run(`
    process.setgroups([0, 1, 2]);
    dropPrivileges(account);
    const fs = process.getBuiltinModule('fs');
    const threads = fs.existsSync('/proc/self/task') ? fs.readdirSync('/proc/self/task') : [];
    say({
      ids: [process.getuid(), process.geteuid(), process.getgid(), process.getegid(), ...process.getgroups()],
      threads: threads.map(id => fs.readFileSync('/proc/self/task/' + id + '/status', 'utf8')
        .match(/^(Uid|Gid|CapEff|CapPrm|CapAmb):.*$/gm).join(' ').replaceAll('\\t', ' ')),
    });`) as { ids: number[]; threads: string[] };
  assert.deepEqual(result.ids, [uid, uid, gid, gid, gid]);
  if (process.platform !== 'linux') return;
  assert.ok(result.threads.length > 1);
  const none = '0'.repeat(16);
  for (const thread of result.threads) {
    const ids = `Uid: ${uid} ${uid} ${uid} ${uid} Gid: ${gid} ${gid} ${gid} ${gid}`;
    assert.equal(thread, `${ids} CapPrm: ${none} CapEff: ${none} CapAmb: ${none}`);
  }
});

test('a second drop fails, since the first left nothing to drop with', { skip }, () => {
  assert.match(
    String(run('dropPrivileges(account); dropPrivileges(account);')),
    /^Cannot become user "nobody": EPERM/,
  );
});

test('the proof finds what is left', { skip }, () => {
  const drop = 'process.setgid(account.gid); process.setuid(account.uid);';
  for (const [lines, expected] of [
    ['', 'the user did not change'],
    ['process.seteuid(account.uid);', 'the user did not change'],
    ['process.setuid(account.uid);', 'the group did not change'],
    [`process.setgroups([0]); ${drop}`, 'it is in group 0'],
    [`process.setgroups([]); ${drop}`, undefined],
  ] as const) {
    assert.equal(run(`${lines} say(findPrivileges(account) ?? null);`), expected ?? null, lines);
  }
});

const skipSetpriv = skip || (spawnSync('setpriv', ['--version']).status !== 0 && 'no setpriv(1) here');
test('the proof finds a capability that was kept', { skip: skipSetpriv }, () => {
  const { uid, gid } = lookupAccount('nobody');
  const ids = ['--clear-groups', '--regid', `${gid}`];
  const keep = ['--inh-caps', '+net_admin', '--ambient-caps', '+net_admin'];
  assert.equal(
    run('say(findPrivileges(account));', ['setpriv', ...ids, '--reuid', `${uid}`, ...keep]),
    `capabilities are left (CapInh 0000000000001000)`,
  );
});

test('root is no account to drop to', { skip }, () => {
  assert.throws(() => dropPrivileges({ name: 'root', uid: 0, gid: 0 }), {
    message: 'Cannot become user "root": it is root',
  });
  assert.equal(findPrivileges({ name: 'staff', uid: 7, gid: 0 }), 'its group is root');
});
