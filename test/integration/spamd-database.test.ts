import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { isRoot } from '../../src/system/privileges.js';
import { databaseOf, entry } from '../store/spamd-db/helpers.js';
import { NO_LIBDB1, ROOT, startLibdb1 } from '../store/spamd-db/libdb1.js';
import { noUnprivileged, type Outcome, run } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const DEMO = fileURLToPath(new URL('fixtures/captures/demo.pcap.gz', ROOT));
const DURING_DEMO = '2026-03-06T00:00:00Z';

/** Bytes of a file of the project's fixtures. */
function fixture(name: string): Buffer {
  return gunzipSync(readFileSync(new URL(`fixtures/spamd-db/${name}.gz`, ROOT)));
}

/** A copy of a database of spamd's that may be changed. */
function copyOf(t: TestContext, name: string): { folder: string; path: string; database: string } {
  const folder = temporaryFolder(t);
  const path = join(folder, 'spamd');
  writeFileSync(path, fixture(`${name}.db`));
  return { folder, path, database: `spamd:${path}` };
}

async function succeed(args: readonly string[], input?: Buffer): Promise<string> {
  const outcome = await run(args, input ? { input } : {});
  assert.deepEqual([outcome.status, outcome.stderr], [0, '']);
  return outcome.stdout;
}

function sortedLines(text: string): string[] {
  return text.split('\n').sort();
}

for (const name of ['samples-4096', 'samples-16384', 'old-values', 'other-byte-order', 'empty-4096']) {
  test(`list --format spamdb of ${name} is what spamdb prints, byte for byte`, async t => {
    const { folder, database } = copyOf(t, name);
    const text = join(folder, 'text');
    // Through a shell, since a string would not tell bytes that are no UTF-8.
    const { status } = await run(['list', '--database', database, '--format', 'spamdb'], {
      within: ['sh', '-c', `"$@" > ${text}`, 'sh'],
    });
    assert.equal(status, 0);
    assert.deepEqual(readFileSync(text), fixture(`${name}.spamdb.txt`));
  });
}

test('a replay leaves in the file what the original would have, sighting by sighting', async t => {
  const libdb1 = await startLibdb1();
  if (libdb1 === undefined) return t.skip(NO_LIBDB1);
  t.after(() => libdb1.stop());
  const { path, database } = copyOf(t, 'samples-16384');
  const records = (await succeed(['explain', '--json', DEMO])).trimEnd().split('\n');
  const sightings = records.flatMap(line => {
    const { sighting, time } = JSON.parse(line) as { sighting: string | null; time: string };
    const isIpv4 = sighting?.includes(':') === false;
    return isIpv4 ? [{ address: sighting!, time: Math.floor(Date.parse(time) / 1000) }] : [];
  });
  assert.ok(sightings.length > 500);
  const see = ({ address, time }: { address: string; time: number }) =>
    ['see', Buffer.from(address).toString('hex'), time] as const;
  // Some are known before.
  const before = sightings.slice(0, 9).map(({ address, time }) => ({ address, time: time - 86_400 }));
  await libdb1.ask({ path, operations: before.map(see) });
  const original = `${path}.original`;
  copyFileSync(path, original);
  await libdb1.ask({ path: original, operations: sightings.map(see) });

  const replay = await run(['replay', '--database', database, DEMO]);
  assert.equal(replay.status, 0);
  assert.equal(
    replay.stderr,
    "spamlogd: warning: spamd keeps no IPv6 addresses: those are in the sightings' database alone\n",
  );
  const text = (file: string): Promise<string> =>
    succeed(['list', '--database', `spamd:${file}`, '--format', 'spamdb']);
  assert.deepEqual(sortedLines(await text(path)), sortedLines(await text(original)));
  const { dump } = await libdb1.ask({ path, dump: true });
  assert.ok(dump.length > 50 && dump.every(([, value]) => value.length === 64));
});

test('query answers fully of what a replay has seen, and derives the rest', async t => {
  const { folder, database } = copyOf(t, 'samples-16384');
  assert.equal((await run(['replay', '--database', database, DEMO])).status, 0);
  assert.ok(existsSync(join(folder, 'spamlogd', 'spamd.sightings')));
  const query = async (...args: string[]): Promise<Record<string, unknown>> =>
    JSON.parse(
      await succeed(['query', '--json', '--database', database, '--at', DURING_DEMO, ...args]),
    ) as Record<string, unknown>;
  const seen = await query('198.51.100.16');
  assert.deepEqual(
    [
      seen['status'],
      seen['lastSeen'],
      seen['lastDirection'],
      seen['interface'],
      seen['rulenr'],
      seen['inbound'],
    ],
    ['WHITE', '2026-03-05T23:52:15Z', 'in', 'em0', 12, 32],
  );
  const blind = await query('--sightings-database', 'none', '198.51.100.16');
  assert.deepEqual(
    [blind['lastSeen'], blind['lastSeenDerived'], blind['lastDirection']],
    ['2026-03-05T23:52:15Z', true, null],
  );
  const listed = await succeed(['list', '--database', database, '--at', DURING_DEMO]);
  assert.match(listed, /^WHITE +2001:db8:100:1::25 /m);
  const ipv6 = await query('2001:db8:100:1::25');
  assert.deepEqual([ipv6['status'], ipv6['interface']], ['WHITE', 'em0']);
});

test('add, trap and delete change the file; a backup holds what was there before', async t => {
  const { folder, path, database } = copyOf(t, 'samples-4096');
  const original = readFileSync(path);
  const backup = join(folder, 'backup');
  await succeed(['add', '--database', database, '--backup', backup, '198.51.100.200']);
  assert.deepEqual(readFileSync(backup), original);
  assert.equal(statSync(backup).mode & 0o777, 0o600);
  await succeed(['trap', '--database', database, '198.51.100.201']);
  const list = (): Promise<string> => succeed(['list', '--database', database, '--format', 'spamdb']);
  assert.match(await list(), /^WHITE\|198\.51\.100\.200\|\|\|\d+\|\d+\|\d+\|1\|0$/m);
  assert.match(await list(), /^TRAPPED\|198\.51\.100\.201\|\d+$/m);
  await succeed(['delete', '--database', database, '198.51.100.200', '198.51.100.201']);
  const untouched = fixture('samples-4096.spamdb.txt').toString();
  assert.deepEqual(sortedLines(await list()), sortedLines(untouched));
  const again = await run(['add', '--database', database, '--backup', backup, '198.51.100.202']);
  assert.deepEqual([again.status, again.stderr.includes(backup)], [73, true]);
  assert.doesNotMatch(await list(), /198\.51\.100\.202/, 'nothing is changed without the copy');
  for (const command of ['add', 'trap']) {
    const ipv6 = await run([command, '--database', database, '198.51.100.203', '2001:db8::9']);
    assert.equal(ipv6.stderr, 'spamlogd: "2001:db8::9" is not an IPv4 address: spamd keeps no others\n');
    assert.equal(ipv6.status, 64);
  }
  assert.doesNotMatch(await list(), /198\.51\.100\.203/, 'one that cannot be added leaves the others out');
});

test('a backup that cannot be written changes nothing, and does not stay', async t => {
  const { folder, path, database } = copyOf(t, 'samples-16384');
  const original = readFileSync(path);
  const backup = join(folder, 'backup');
  const within = ['sh', '-c', 'ulimit -f 8; exec "$@"', 'sh'];
  const { status, stderr } = await run(
    ['add', '--database', database, '--backup', backup, '198.51.100.200'],
    { within },
  );
  assert.deepEqual([status, stderr], [74, `spamlogd: Cannot use store "${backup}": file too large\n`]);
  assert.equal(existsSync(backup), false);
  assert.deepEqual(readFileSync(path), original);
});

test('records go from spamd to SQLite, to text and back, and nothing is lost on the way', async t => {
  const { folder, path } = copyOf(t, 'samples-16384');
  const sqlite = join(folder, 'a.sqlite');
  const at = ['--at', '@1700000000'];
  const dry = JSON.parse(
    await succeed(['import', '-n', '--json', ...at, '--database', sqlite, path]),
  ) as object;
  assert.equal(existsSync(sqlite), false, 'a dry run makes nothing');
  const counts = JSON.parse(await succeed(['import', '--json', ...at, '--database', sqlite, path])) as {
    read: number;
    added: number;
  };
  assert.deepEqual({ ...counts, isDryRun: true }, dry);
  assert.equal(counts.added, counts.read);
  const again = JSON.parse(await succeed(['import', '--json', ...at, '--database', sqlite, path])) as object;
  assert.deepEqual(again, { ...counts, added: 0, kept: counts.read });

  const copy = join(folder, 'copy');
  await succeed(['export', ...at, '--database', sqlite, `spamd:${copy}`]);
  const text = async (database: string): Promise<string[]> =>
    sortedLines(await succeed(['export', ...at, '--database', database]));
  const ofSpamd = await text(`spamd:${path}`);
  const ipv4 = ofSpamd.filter(line => !line.includes('2001:db8::25'));
  assert.deepEqual(await text(`spamd:${copy}`), ipv4);

  const fromText = join(folder, 'b.sqlite');
  const printed = Buffer.from(`${ipv4.filter(Boolean).join('\n')}\n`);
  await succeed(['import', ...at, '--database', fromText, '-'], printed);
  assert.deepEqual(await text(fromText), ipv4);
});

test('a spamtrap is stored in lower case, as by spamdb -T and greydb -T: the tarpit would not find another', async t => {
  const folder = temporaryFolder(t);
  for (const database of [`spamd:${join(folder, 'spamd')}`, join(folder, 'a.sqlite')]) {
    const input = Buffer.from('SPAMTRAP|Trap@Example.ORG\nSPAMTRAP|trap@example.org\n');
    const counts = JSON.parse(
      await succeed(['import', '--json', '--database', database, '-'], input),
    ) as object;
    const { added, kept } = counts as { added: number; kept: number };
    assert.deepEqual([added, kept], [1, 1], database);
    const list = await succeed(['list', '--database', database, '--format', 'spamdb']);
    assert.equal(list, 'SPAMTRAP|trap@example.org\n', database);
  }
});

test('a record that is left out is told, counted, and decides the status', async t => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'spamd');
  const good = ['192.0.2.1', '192.0.2.3'].map(name => [name, entry({ expire: 9_999_999_999 })] as const);
  writeFileSync(path, databaseOf([...good, ['192.0.2.2', Buffer.alloc(5)]]).bytes);
  const database = `spamd:${path}`;
  const told = `spamlogd: "${path}": the value of "192.0.2.2" has 5 bytes: left out, and spamd trips over it\n`;
  for (const args of [['list', '--format', 'spamdb'], ['export']]) {
    const { status, stdout, stderr } = await run([...args, '--database', database]);
    assert.deepEqual([status, stderr], [65, told]);
    assert.deepEqual(sortedLines(stdout).filter(Boolean).length, 2);
  }
  for (const args of [
    ['import', '--database', join(folder, 'a.sqlite'), path],
    ['export', '--database', database, `sqlite:${join(folder, 'b.sqlite')}`],
  ]) {
    const { status, stdout, stderr } = await run([...args, '--json']);
    assert.deepEqual([status, stderr], [65, told]);
    const { added, unreadable } = JSON.parse(stdout) as { added: number; unreadable: number };
    assert.deepEqual([added, unreadable], [2, 1]);
  }
});

test('a dry run counts what the import then does, repeated records and IPv6 included', async t => {
  const folder = temporaryFolder(t);
  const white = (address: string, pcount: number): string =>
    `WHITE|${address}|||1700000000|1700000000|9999999999|1|${pcount}\n`;
  const grey = 'GREY|192.0.2.2|h|<a@b>|<c@d>|1|9999999999|9999999999|1|0\n';
  const many = Array.from({ length: 3000 }, (_, i) => white(`10.0.${i >> 8}.${i & 255}`, 0));
  const text = [white('192.0.2.1', 1), white('192.0.2.1', 2), white('2001:db8::1', 1), grey, grey, ...many];
  // Spamtraps are put in in lower case.
  const traps = ['Trap@example.com', 'tRAP@example.com', 'ÄRGER@example.com', 'Ärger@example.com'];
  const spamtraps = traps.map(trap => `SPAMTRAP|${trap}\n`);
  const again = [...spamtraps, 'SPAMTRAP|TRAP@EXAMPLE.COM\n', white('192.0.2.1', 3)];
  const input = Buffer.from([...text, ...spamtraps, ...many, ...again].join(''));
  for (const database of [`spamd:${join(folder, 'a')}`, join(folder, 'a.sqlite')]) {
    for (const known of ['', white('192.0.2.1', 2), 'SPAMTRAP|trap@example.com\n']) {
      await run(['import', '--database', database, '-'], { input: Buffer.from(known) });
      if (known === '') rmSync(database.replace('spamd:', ''));
      const counts = async (...args: string[]): Promise<object> =>
        JSON.parse(
          await succeed(['import', '--json', '--database', database, ...args, '-'], input),
        ) as object;
      const dry = await counts('-n');
      assert.deepEqual(dry, { ...(await counts()), isDryRun: true }, `${database} ${known}`);
      rmSync(database.replace('spamd:', ''));
    }
  }
});

test('lines that are no records are told, the others are taken', async t => {
  const database = join(temporaryFolder(t), 'a.sqlite');
  const input = Buffer.from('WHITE|192.0.2.1|||1|1|9999999999|1|0\nWHAT|192.0.2.2\nTRAPPED|x|5\n');
  const { status, stdout, stderr } = await run(['import', '--json', '--database', database, '-'], { input });
  assert.equal(status, 65);
  assert.deepEqual(stderr.trimEnd().split('\n'), [
    'spamlogd: "-" line 2: it begins with none of WHITE, TRAPPED, GREY and SPAMTRAP',
    'spamlogd: "-" line 3: "x" is not an address',
  ]);
  const { added, unreadable } = JSON.parse(stdout) as { added: number; unreadable: number };
  assert.deepEqual([added, unreadable], [1, 2]);
});

test('a file that is neither a database nor text is refused in a line, and makes no database', async t => {
  const folder = temporaryFolder(t);
  const database = join(folder, 'a.sqlite');
  const capture = join(folder, 'pflog');
  writeFileSync(capture, gunzipSync(readFileSync(DEMO)));
  for (const file of [DEMO, capture]) {
    const { status, stdout, stderr } = await run(['import', '--database', database, file]);
    const message = `spamlogd: Cannot read "${file}": it is neither a database nor text\n`;
    assert.deepEqual([status, stdout, stderr], [65, '', message]);
  }
  assert.deepEqual(readdirSync(folder), ['pflog']);
  // A line that is damaged takes no other with it.
  writeFileSync(capture, 'WHITE|192.0.2.1|||1|1|9999999999|1|0\nGREY|192.0.2.2|\0|<a@b>|<c@d>|1|1|1|1|0\n');
  const { status, stdout } = await run(['import', '--json', '--database', database, capture]);
  assert.deepEqual([status, JSON.parse(stdout).added, JSON.parse(stdout).unreadable], [65, 1, 1]);
});

test('an import never sets a trapped host free', async t => {
  const { path, database } = copyOf(t, 'samples-4096');
  const input = Buffer.from('WHITE|203.0.113.99|||1|1|9999999999|1|50\n');
  const before = readFileSync(path);
  await succeed(['import', '--at', '@1700000000', '--database', database, '-'], input);
  assert.deepEqual(readFileSync(path).subarray(0, before.length).equals(before), true);
});

test('plain addresses are those that were white for long and passed often', async t => {
  const database = join(temporaryFolder(t), 'a.sqlite');
  const now = 1_700_000_000;
  const day = 86_400;
  const line = (address: string, age: number, pcount: number, life = day): string =>
    `WHITE|${address}|||${now - age * day}|${now}|${now + life}|1|${pcount}\n`;
  const input = [
    line('192.0.2.1', 75, 10),
    line('192.0.2.2', 74, 10),
    line('192.0.2.3', 75, 9),
    line('2001:db8::1', 80, 99),
    `TRAPPED|192.0.2.4|${now + day}\n`,
  ].join('');
  const at = ['--at', `@${now}`];
  await succeed(['import', ...at, '--database', database, '-'], Buffer.from(input));
  const addresses = (...args: string[]): Promise<string> =>
    succeed(['export', ...at, '--database', database, ...args]);
  assert.equal(await addresses('--min-age', '75d', '--min-count', '10'), '192.0.2.1\n2001:db8::1\n');
  assert.equal(await addresses('-n', '--min-count', '10'), '3 lines would be written\n');
  assert.equal(await addresses('--min-count', '10'), '192.0.2.1\n192.0.2.2\n2001:db8::1\n');
});

test('verify tells what is wrong where, and changes nothing', async t => {
  const { path } = copyOf(t, 'samples-4096');
  assert.match(await succeed(['verify', path]), /^oddity: page \d+: "2001:db8::25" is of no IPv4 address/);
  const bytes = readFileSync(path);
  bytes.writeUInt16LE(7, 4096);
  writeFileSync(path, bytes);
  const damaged = await run(['verify', path]);
  assert.equal(damaged.status, 65);
  assert.match(damaged.stdout, /^damage: page 1: an index of 7 words is impossible$/m);
  assert.match(damaged.stdout, new RegExp(`^spamd:${path}: damaged in \\d places?, \\d+ oddit(y|ies)$`, 'm'));
  assert.deepEqual(readFileSync(path), bytes);
  const json = await run(['verify', '--json', path]);
  const [first] = json.stdout.split('\n').map(line => JSON.parse(line || 'null') as object);
  assert.deepEqual(first, {
    database: `spamd:${path}`,
    severity: 'damage',
    page: 1,
    text: 'an index of 7 words is impossible',
  });
});

async function refused(args: readonly string[]): Promise<Pick<Outcome, 'status' | 'stderr'>> {
  const { status, stderr } = await run(args);
  return { status, stderr };
}

test('what cannot be is told in a line', async t => {
  const { folder, path, database } = copyOf(t, 'samples-4096');
  const gone = join(folder, 'gone');
  assert.deepEqual(await refused(['query', '--database', `spamd:${gone}`, '192.0.2.1']), {
    status: 66,
    stderr: `spamlogd: Cannot use store "${gone}": no such file or directory\n`,
  });
  assert.equal((await refused(['add', '--database', `spamd:${gone}`, '192.0.2.1'])).status, 66);
  for (const options of [[], ['--dry-run']])
    assert.equal((await refused(['replay', ...options, '--database', `spamd:${gone}`, DEMO])).status, 66);
  assert.equal(existsSync(gone), false, 'spamd makes its own database');
  assert.deepEqual(await refused(['import', '--database', database, path]), {
    status: 64,
    stderr: `spamlogd: "${path}" is what it would be put into\n`,
  });
  assert.deepEqual(await refused(['export', '--database', database, gone]), {
    status: 64,
    stderr: `spamlogd: "${gone}" must be sqlite:PATH, spamd:PATH, or - for text on standard output\n`,
  });
  assert.deepEqual(await refused(['import', '--database', database, gone]), {
    status: 66,
    stderr: `spamlogd: Cannot read "${gone}": no such file\n`,
  });
  const large = readFileSync(path);
  large.writeUInt32BE(65_536, 12);
  large.writeUInt32BE(16, 16);
  writeFileSync(`${path}.large`, large);
  for (const args of [['list'], ['verify'], ['add', '192.0.2.1']]) {
    const { status, stdout, stderr } = await run([...args, '--database', `spamd:${path}.large`]);
    assert.deepEqual([status, stdout], [65, ''], `${args}`);
    assert.match(stderr, /its pages have 65536 bytes, and only pages of up to 32768 are supported\n$/);
  }
  const sqlite = await refused(['list', '--database', path]);
  assert.equal(sqlite.status, 65);
  assert.match(sqlite.stderr, /it is a database of spamd's: name it as spamd:/);
});

test('a database that may not be written to is refused in a line, and nothing is made beside it', {
  skip: await noUnprivileged(),
}, async t => {
  const { folder, path, database } = copyOf(t, 'samples-4096');
  const text = join(folder, 'text');
  writeFileSync(text, 'WHITE|192.0.2.1|||1|1|9999999999|1|0\n');
  chmodSync(path, 0o444);
  chmodSync(folder, 0o777);
  const [before, names] = [readFileSync(path), readdirSync(folder)];
  const nobody = { isUnprivileged: true, folder: '/' };
  const changing = [
    ['add', '192.0.2.1'],
    ['trap', '192.0.2.1'],
    ['delete', '192.0.2.1'],
    ['import', text],
    ['replay', DEMO],
  ];
  for (const args of changing) {
    const { status, stdout, stderr } = await run([...args, '--database', database], nobody);
    const message = `spamlogd: Cannot use store "${path}": permission denied\n`;
    assert.deepEqual([status, stdout, stderr], [77, '', message], args[0]!);
  }
  for (const args of [['list'], ['verify'], ['export'], ['replay', '-n', DEMO]])
    assert.equal((await run([...args, '--database', database], nobody)).status, 0, args[0]!);
  assert.deepEqual([readFileSync(path), readdirSync(folder)], [before, names]);
});

const NOBODY = 65_534;
const skip = !isRoot() && 'needs root';

test('a database of spamd that root makes is for the user whom spamd runs as', { skip }, async t => {
  const folder = temporaryFolder(t);
  const [path, config] = [join(folder, 'spamd'), join(folder, 'config')];
  writeFileSync(config, 'user = "nobody"\n');
  const input = Buffer.from('WHITE|192.0.2.1|||1|1|9999999999|1|0\n');
  await succeed(['import', '--config', config, '--database', `spamd:${path}`, '-'], input);
  for (const made of [path, join(folder, 'spamlogd'), join(folder, 'spamlogd/spamd.sightings')])
    assert.equal(statSync(made).uid, NOBODY, made);
  // What is there already stays whoever's it is.
  chownSync(path, 0, 0);
  await succeed(['import', '--config', config, '--database', `spamd:${path}`, '-'], input);
  assert.equal(statSync(path).uid, 0);
});

test('root gives nothing away that a link beside the database leads to', { skip }, async t => {
  const { folder, path, database } = copyOf(t, 'samples-4096');
  const target = join(folder, 'target');
  chownSync(path, NOBODY, NOBODY);
  mkdirSync(join(folder, 'spamlogd'));
  symlinkSync(target, join(folder, 'spamlogd/spamd.sightings'));
  await succeed(['add', '--database', database, '192.0.2.1']);
  assert.equal(statSync(target).uid, 0);
});
