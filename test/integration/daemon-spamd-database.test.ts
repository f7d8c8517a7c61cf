import assert from 'node:assert/strict';
import { chownSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { openLocked, unlock } from '../../src/store/spamd-db/locked-file.js';
import { flock } from '../store/spamd-db/flock.js';
import { NO_LIBDB1, ROOT, startLibdb1 } from '../store/spamd-db/libdb1.js';
import { addresses, STREAM_HEADER, synRecord } from './pflog-stream.js';
import { type Folder, inFolder, makeFifo, openFifo, UNPRIVILEGED, until } from './running-daemon.js';

/** A database of spamd's in a folder, as its owner the daemon. */
function plantDatabase(folder: Folder): string {
  const path = folder.at('spamd');
  writeFileSync(path, gunzipSync(readFileSync(new URL('fixtures/spamd-db/samples-16384.db.gz', ROOT))));
  if (UNPRIVILEGED.uid !== undefined) chownSync(path, UNPRIVILEGED.uid, UNPRIVILEGED.gid!);
  return path;
}

const records = (list: readonly string[]): Buffer => Buffer.concat(list.map(address => synRecord(address)));

test("the daemon keeps spamd's database fresh beside a writer that is not ours, and no update is lost", async t => {
  const libdb1 = await startLibdb1();
  if (libdb1 === undefined) return t.skip(NO_LIBDB1);
  t.after(() => libdb1.stop());
  await inFolder(async folder => {
    const path = plantDatabase(folder);
    const { ino } = statSync(path);
    makeFifo(folder.at('log'));
    const daemon = folder.start('--database', `spamd:${path}`, '-l', './log', '--no-expire');
    await daemon.logged(/^capturing on /i);
    const writer = await openFifo(folder.at('log'));
    writer.write(STREAM_HEADER);
    const [mine, theirs] = [addresses(400), addresses(400, 1000)];
    const now = Math.floor(Date.now() / 1000);
    const shared = '192.0.2.200';
    for (let round = 0; round < 20; round++) {
      writer.write(records([...mine.slice(20 * round, 20 * (round + 1)), shared]));
      const seen = [...theirs.slice(20 * round, 20 * (round + 1)), shared];
      const operations = seen.map(address => ['see', Buffer.from(address).toString('hex'), now] as const);
      await libdb1.ask({ path, operations });
    }
    await until(() => folder.status().database.writtenSightings === 420);
    const list = folder.run('list', '--database', `spamd:${path}`, '--format', 'spamdb');
    const lines = list.stdout.split('\n');
    const ofAddress = (address: string): string[] =>
      lines.filter(line => line.startsWith(`WHITE|${address}|`));
    for (const address of [...mine, ...theirs]) assert.equal(ofAddress(address).length, 1, address);
    assert.match(ofAddress(shared)[0]!, /\|1\|39$/, 'each of 40 sightings of a shared address is counted');
    assert.ok(lines.includes('SPAMTRAP|spamtrap@example.org'));
    assert.ok(lines.includes('TRAPPED|203.0.113.99|1700086400'));
    assert.equal(statSync(path).ino, ino, 'the file is never replaced');

    const query = folder.run('query', '--json', '--database', `spamd:${path}`, mine[0]!);
    const { lastDirection, rulenr } = JSON.parse(query.stdout) as { lastDirection: string; rulenr: number };
    assert.deepEqual([lastDirection, rulenr], ['in', 7]);
    const second = folder.start('--database', `spamd:${path}`, '-l', './log', '--control-socket', './second');
    assert.notEqual(await second.ended(), 0);
    assert.match(second.other.join('\n'), /Cannot have database "spamd:.*" alone/);
    writer.destroy();
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
    assert.equal(existsSync(folder.at('spamlogd/spamd.lock')), false);
  });
});

test('while spamd holds its lock, or its file is damaged, the daemon answers and what was seen waits', async () => {
  await inFolder(async folder => {
    const path = plantDatabase(folder);
    makeFifo(folder.at('log'));
    const daemon = folder.start('--database', `spamd:${path}`, '-l', './log', '--busy-timeout', '60');
    await daemon.logged(/^capturing on /i);
    const writer = await openFifo(folder.at('log'));
    const locked = await openLocked(path, true, { lock: flock });
    writer.write(Buffer.concat([STREAM_HEADER, records(addresses(3))]));
    await until(() => folder.status().database.waiting === 3);
    writer.write(records(addresses(4, 1000)));
    await until(() => folder.status().database.waiting === 7);
    assert.equal(folder.status().database.writtenSightings, 0);
    await unlock(locked);
    await until(() => folder.status().database.writtenSightings === 7);

    const good = readFileSync(path);
    const damaged = Buffer.from(good);
    for (const page of [1, 2]) damaged.writeUInt16LE(7, page * 16_384);
    const overwrite = async (bytes: Buffer): Promise<void> => {
      const file = await openLocked(path, true, { lock: flock });
      writeFileSync(path, bytes);
      await unlock(file);
    };
    await overwrite(damaged);
    writer.write(records(addresses(2, 2000)));
    await daemon.logged(/page \d: an index of 7 words is impossible; sightings wait until it works$/);
    assert.deepEqual(readFileSync(path), damaged, 'a damaged file is left as it is');
    await overwrite(good);
    await until(() => folder.status().database.writtenSightings === 9);
    writer.destroy();
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
  });
});

test('a database of spamd that is not there is an error at start, and is not made', async () => {
  await inFolder(async folder => {
    const daemon = folder.start('--database', `spamd:${folder.at('gone')}`, '-l', '-');
    assert.notEqual(await daemon.ended(), 0);
    assert.match(daemon.other.join('\n'), /Cannot use store ".*gone": no such file or directory/);
    assert.equal(existsSync(folder.at('gone')), false);
  });
});
