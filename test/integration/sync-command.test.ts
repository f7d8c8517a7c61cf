import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { formatIpv4 } from '../../src/address/address.js';
import { decodeSyncMessage } from '../../src/wire/sync-message-decode.js';
import { run } from '../support/cli.js';
import { type EntryRow, entry, makeGreydDatabase } from '../support/database.js';
import { temporaryFolder } from '../support/folder.js';
import { TestSocket } from '../sync/helpers.js';

const DAY = 86_400;
const NOW = Math.floor(Date.now() / 1000);

/** A database with these entries, and a peer on the loopback. */
async function setUp(t: TestContext, rows: readonly EntryRow[]) {
  const folder = temporaryFolder(t);
  const database = join(folder, 'greyd.sqlite');
  makeGreydDatabase(database, rows);
  const peer = await new TestSocket().open();
  t.after(() => peer.close());
  const push = (...args: string[]) =>
    run(['sync', 'push', '--database', database, '--sync-port', `${peer.port}`, ...args]);
  /** What the peer was told, and until when. */
  const heard = (key = ''): [string, number][] =>
    peer.heard.flatMap(({ bytes }) => {
      const message = decodeSyncMessage(bytes, Buffer.from(key));
      assert.ok(typeof message === 'object', `refused: ${message}`);
      return message.entries.map((one): [string, number] => {
        assert.ok(one.kind === 'white');
        return [formatIpv4(one.address), one.expire];
      });
    });
  return { folder, push, heard, noKey: ['--sync-key', join(folder, 'none')] };
}

const white = (ip: string, more: Partial<EntryRow> = {}): EntryRow =>
  entry(ip, { expire: NOW + 36 * DAY, ...more });

test('sync push sends what is white to the hosts that are named, and says how much', async t => {
  const { push, heard, noKey } = await setUp(t, [
    white('192.0.2.1'),
    white('192.0.2.2', { expire: NOW + DAY }),
    white('192.0.2.3', { expire: NOW - 1 }),
    white('192.0.2.4', { pcount: -1 }),
    white('192.0.2.5', { helo: 'mx', from: '<a@b>', to: '<c@d>' }),
    white('2001:db8::1'),
  ]);
  const { status, stdout, stderr } = await push(...noKey, '127.0.0.1');
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '2 addresses sent in 1 message, 1 skipped (not IPv4): complete\n');
  assert.match(stderr, /^spamlogd: warning: Sync key ".*none" is missing: anyone can forge sync messages\n/);
  assert.deepEqual(heard(), [
    ['192.0.2.1', NOW + 36 * DAY],
    ['192.0.2.2', NOW + DAY],
  ]);
});

test('--since leaves out what was not seen for longer', async t => {
  const { push, heard, noKey } = await setUp(t, [
    white('192.0.2.1', { expire: NOW + 35 * DAY }),
    white('192.0.2.2', { expire: NOW + 30 * DAY }),
  ]);
  const { status, stdout } = await push(...noKey, '--since', '2d', '-Y', '127.0.0.1');
  assert.deepEqual([status, stdout], [0, '1 address sent in 1 message: complete\n']);
  assert.deepEqual(heard(), [['192.0.2.1', NOW + 35 * DAY]]);
});

test('a host is sent the whitelist though -Y names it by its address, or names another that is not to be found', async t => {
  const { push, heard, noKey } = await setUp(t, [white('192.0.2.1')]);
  const targets = ['-Y', '127.0.0.1', '-Y', 'mx.invalid'];
  const { status, stdout, stderr } = await push(...noKey, ...targets, 'localhost');
  assert.deepEqual([status, stdout], [0, '1 address sent in 1 message: complete\n'], stderr);
  assert.deepEqual(heard(), [['192.0.2.1', NOW + 36 * DAY]]);
});

test('a host that refuses is told by status 69', async t => {
  const { push, noKey } = await setUp(
    t,
    Array.from({ length: 200 }, (_, i) => white(`192.0.2.${i}`)),
  );
  const gone = await new TestSocket().open();
  const { port } = gone;
  await gone.close();
  const { status, stdout } = await push(...noKey, '--sync-port', `${port}`, '127.0.0.1');
  assert.equal(status, 69);
  assert.match(stdout, /: unreachable\n$/);
});

test('sync push refuses what makes no sense', async t => {
  const { folder, push, noKey } = await setUp(t, []);
  const refuses = async (status: number, why: RegExp, ...args: string[]): Promise<void> => {
    const outcome = await push(...args);
    assert.deepEqual([outcome.status, outcome.stdout], [status, ''], outcome.stderr);
    assert.match(outcome.stderr.trimEnd().split('\n').at(-1)!, why);
  };
  await refuses(64, /"sync push" needs a HOST, or targets with -Y$/, ...noKey);
  await refuses(
    64,
    /-Y 127\.0\.0\.1\.9: is neither an IPv4 address nor an interface/,
    ...noKey,
    '127.0.0.1.9',
  );
  await refuses(64, /-Y nowhere0:1: is not an interface/, ...noKey, 'nowhere0:1');
  await refuses(64, /^spamlogd: .*sync key/i, '--sync-key', folder, '127.0.0.1');
  await refuses(64, /option "--since" must be/, ...noKey, '--since', 'yesterday', '127.0.0.1');
  const other = await run(['sync', 'pull', '127.0.0.1']);
  assert.deepEqual(
    [other.status, other.stderr],
    [64, 'spamlogd: unknown operand "pull"; did you mean "push"?\n'],
  );
});

test('sync-key makes a key that is its owner’s alone, with which peers talk, and never another one', async t => {
  const { folder, push, heard } = await setUp(t, [white('192.0.2.1')]);
  const path = join(folder, 'spamd.key');
  const made = await run(['sync-key', '--sync-key', path]);
  assert.deepEqual(
    [made.status, made.stdout],
    [0, `Made sync key "${path}"; copy it to every peer, mode 0600\n`],
  );
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const key = readFileSync(path);
  const again = await run(['sync-key', '--sync-key', path]);
  assert.equal(again.status, 73);
  assert.equal(again.stderr.trimEnd().split('\n').length, 1);
  assert.deepEqual(readFileSync(path), key);

  // A file whose digest is known: SHA-1 of "secret\n".
  writeFileSync(path, 'secret\n');
  const pushed = await push('--sync-key', path, '127.0.0.1');
  assert.deepEqual([pushed.status, pushed.stderr], [0, '']);
  assert.deepEqual(heard('fc683cd9ed1990ca2ea10b84e5e6fba048c24929'), [['192.0.2.1', NOW + 36 * DAY]]);
});
