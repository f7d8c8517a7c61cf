import assert from 'node:assert/strict';
import { chownSync, renameSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { Folder, type RunningDaemon, until } from '../integration/running-daemon.js';
import { run } from '../support/cli.js';
import { type ExampleHost, RULES, setUpExample } from './example-host.js';
import { CANNOT_RUN } from './table-netns.js';

const NOBODY = 65_534;
const MX = '198.18.0.1';
const MX6 = '2001:db8::1';

/** The example's mail server with a daemon that is told no more than what the example says. */
async function setUp(t: TestContext) {
  const host = await setUpExample(t);
  const folder = new Folder({ uid: NOBODY, gid: NOBODY });
  t.after(() => folder.remove());
  const begin = async (...args: string[]): Promise<RunningDaemon> => {
    const daemon = folder.startAsRoot(
      host.mx.prefix,
      '--table',
      'nft:inet:spamlogd:white4:white6',
      '--reconcile-interval',
      '1',
      ...args,
    );
    await daemon.logged(/^capturing on /i);
    await daemon.logged(/ is in line with the database: /);
    return daemon;
  };
  return { ...host, folder, begin };
}

/** Whether an address is in the set of its family. */
function isInSet({ mx }: ExampleHost, address: string): boolean {
  const set = address.includes(':') ? 'white6' : 'white4';
  return mx.run('nft', ['list', 'set', 'inet', 'spamlogd', set]).includes(`${address} timeout`);
}

test('whom the mail server writes to reaches it with the next connection, everybody else the tarpit', {
  skip: CANNOT_RUN,
}, async t => {
  const host = await setUp(t);
  const { mx, outside, ask, folder, begin } = host;
  await begin();
  for (const [to, from] of [
    [MX, '198.18.0.2'],
    [MX6, '2001:db8::2'],
  ] as const) {
    assert.equal(ask(outside, to, from), 'tarpit');
    assert.equal(ask(mx, from, to), 'mta');
    await until(() => isInSet(host, from));
    assert.equal(ask(outside, to, from), 'mta');
  }
  assert.equal(ask(outside, MX, '198.18.0.3'), 'tarpit');
  assert.equal(ask(outside, MX6, '2001:db8::3'), 'tarpit');
  // The answers came in through the whitelist rule, which logs them; what went to the tarpit was never counted.
  await until(() => folder.status().inbound >= 2);
  assert.ok(folder.status().outbound >= 2);
  await until(() => folder.rows().every(({ pcount }) => pcount >= 1));
  assert.deepEqual(
    folder.rows().map(({ ip }) => ip),
    ['198.18.0.2', '2001:db8::2'],
  );
});

test('sets that are flushed behind the daemon fill again, also with what the tarpit whitelisted', {
  skip: CANNOT_RUN,
}, async t => {
  const host = await setUp(t);
  const { mx, outside, ask, folder, begin } = host;
  const daemon = await begin();
  ask(mx, '198.18.0.2', MX);
  ask(mx, '2001:db8::2', MX6);
  await until(() => isInSet(host, '198.18.0.2') && isInSet(host, '2001:db8::2'));
  mx.nft('flush set inet spamlogd white4\nflush set inet spamlogd white6\n');
  await until(() => isInSet(host, '198.18.0.2') && isInSet(host, '2001:db8::2'));
  assert.equal(ask(outside, MX, '198.18.0.2'), 'mta');
  assert.equal(ask(outside, MX6, '2001:db8::2'), 'mta');
  await daemon.logged(/^nftables sets inet spamlogd white4 and white6 had drifted: 2 of our entries gone/);
  const { lastReconcile, lost } = folder.status().tables[0]!;
  assert.equal(lost, 2);
  assert.match(lastReconcile!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

  assert.equal(ask(outside, MX, '198.18.0.3'), 'tarpit');
  const db = new Database(folder.database);
  const now = Math.floor(Date.now() / 1000);
  db.prepare(
    `INSERT INTO entries (ip, helo, "from", "to", first, pass, expire, bcount, pcount)
     VALUES ('198.18.0.3', '', '', '', ?, ?, ?, 2, 0)`,
  ).run(now - 1800, now, now + 86_400);
  db.close();
  await until(() => isInSet(host, '198.18.0.3'));
  assert.equal(ask(outside, MX, '198.18.0.3'), 'mta');
});

test('a database that another is put in place of empties no set', { skip: CANNOT_RUN }, async t => {
  const host = await setUp(t);
  const { folder, begin } = host;
  const white = Array.from({ length: 40 }, (_, i) => `198.18.1.${i}`);
  await run(['add', '--database', folder.database, ...white]);
  chownSync(folder.database, NOBODY, NOBODY);
  const daemon = await begin();
  await until(() => white.every(address => isInSet(host, address)));
  await run(['add', '--database', folder.at('other'), '198.18.2.1']);
  chownSync(folder.at('other'), NOBODY, NOBODY);
  renameSync(folder.at('other'), folder.database);
  await daemon.logged(/was replaced: using the new one$/);
  await daemon.logged(/ in line with the database: 1 entries, 1 put in, 0 taken out$/);
  await sleep(1500);
  assert.ok([...white, '198.18.2.1'].every(address => isInSet(host, address)));
});

test('a table that is deleted and loaded anew under the daemon is filled again', {
  skip: CANNOT_RUN,
}, async t => {
  const host = await setUp(t);
  const { mx, outside, ask, begin } = host;
  const daemon = await begin();
  ask(mx, '198.18.0.2', MX);
  await until(() => isInSet(host, '198.18.0.2'));
  mx.nft('delete table inet spamlogd\n');
  await daemon.logged(/ there is no set white4; load the ruleset that declares it; trying again /);
  mx.nft(RULES);
  await until(() => isInSet(host, '198.18.0.2'));
  await daemon.logged(/ works again after \d+ s/);
  assert.equal(ask(outside, MX, '198.18.0.2'), 'mta');
  // And it goes on as before: packets are logged, addresses pushed.
  ask(mx, '198.18.0.4', MX);
  await until(() => isInSet(host, '198.18.0.4'));
  assert.equal(ask(outside, MX, '198.18.0.4'), 'mta');
});

test('the sets stay as they are when the daemon ends, and the next one goes on with them', {
  skip: CANNOT_RUN,
}, async t => {
  const host = await setUp(t);
  const { mx, outside, ask, begin } = host;
  const first = await begin();
  ask(mx, '198.18.0.2', MX);
  await until(() => isInSet(host, '198.18.0.2'));
  mx.nft('add element inet spamlogd white4 { 198.18.0.5 timeout 1h }\n');
  first.signal('SIGTERM');
  assert.equal(await first.ended(), 0);
  assert.equal(ask(outside, MX, '198.18.0.2'), 'mta');
  const second = await begin();
  await second.logged(/in line with the database: 1 entries, 0 put in, 0 taken out$/);
  assert.ok(isInSet(host, '198.18.0.5'), 'what others put in stays');
  second.signal('SIGTERM');
  assert.equal(await second.ended(), 0);
  await begin('--table-owner');
  await until(() => !isInSet(host, '198.18.0.5'));
  assert.equal(ask(outside, MX, '198.18.0.5'), 'tarpit');
  assert.equal(ask(outside, MX, '198.18.0.2'), 'mta');
});
