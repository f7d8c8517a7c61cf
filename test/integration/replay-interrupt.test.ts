import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { generatePflog } from '../../bench/generate-pflog.js';
import { pcap, pflogRecord, START } from '../support/captures.js';
import { CLI, missing, type Outcome, outcomeOf, start } from '../support/cli.js';
import { select } from '../support/database.js';
import { makeFifo, openFifo } from '../support/fifo.js';
import { temporaryFolder } from '../support/folder.js';

const RECORDS = 20_000;

/** A capture larger than any pipe holds, so that whoever has written all of it knows that it is being read. */
function longCapture(): Buffer {
  return pcap(
    Array.from({ length: RECORDS }, (_, i) =>
      pflogRecord({ src: `198.51.${(i >> 8) % 100}.${i & 255}`, time: START + i }),
    ),
  );
}

/** Holds what a database has against what the report says of it. */
function assertConsistent(database: string, report: { sightings: number; addresses: number }): void {
  assert.deepEqual(select(database, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  const sql = `SELECT count(*) AS addresses, sum(inbound + outbound) AS sightings,
      sum(bcount = 1 AND pcount = inbound + outbound - 1) AS whole FROM entries JOIN sightings USING (ip)`;
  const { addresses, sightings } = report;
  assert.deepEqual(select(database, sql), [{ addresses, sightings, whole: addresses }]);
}

async function interruptPipe(
  t: TestContext,
  signal: NodeJS.Signals,
  ...options: string[]
): Promise<Outcome & { database: string }> {
  const database = join(temporaryFolder(t), 'spamd.sqlite');
  const child = start(['replay', '--database', database, ...options, '-']);
  const done = outcomeOf(child);
  // Standard input stays open: the program waits for more when the signal comes.
  await new Promise<void>((resolve, reject) => {
    child.stdin!.write(longCapture(), error => (error ? reject(error) : resolve()));
  });
  child.kill(signal);
  const outcome = await done;
  child.stdin!.destroy();
  return { ...outcome, database };
}

test('Ctrl-C in the middle of a slow pipe keeps what was read, and says how far it came', async t => {
  const { status, signal, stdout, stderr, database } = await interruptPipe(t, 'SIGINT', '--json');
  assert.deepEqual([status, signal, stderr], [130, null, '']);
  const report = JSON.parse(stdout);
  assert.equal(report.interrupted, true);
  assert.ok(report.packets > 0 && report.packets <= RECORDS, `${report.packets} packets`);
  assert.equal(report.truncated, 0);
  assertConsistent(database, report);
});

test('SIGTERM does the same, and the report for people says so, too', async t => {
  const { status, stdout, database } = await interruptPipe(t, 'SIGTERM');
  assert.equal(status, 130);
  const [, packets] = /^Interrupted in capture 1 of 1, standard input: ([\d,]+) packets in /.exec(stdout)!;
  const sightings = Number(packets!.replaceAll(',', ''));
  const [, addresses] = /^addresses +([\d,]+)/m.exec(stdout)!;
  assertConsistent(database, { sightings, addresses: Number(addresses!.replaceAll(',', '')) });
});

test('a FIFO that nobody writes to can be interrupted', { skip: missing('mkfifo') }, async t => {
  const folder = temporaryFolder(t);
  const fifo = join(folder, 'pflog');
  await makeFifo(fifo);
  const child = start(['replay', '--json', '--database', join(folder, 'spamd.sqlite'), fifo]);
  const done = outcomeOf(child);
  const writer = await openFifo(fifo);
  child.kill('SIGINT');
  const { status, stdout } = await done;
  writer.close();
  assert.equal(status, 130);
  const { interrupted, packets } = JSON.parse(stdout);
  assert.deepEqual([interrupted, packets], [true, 0]);
});

test('Ctrl-C on a terminal in the middle of a big file', { skip: missing('script') }, async t => {
  const folder = temporaryFolder(t);
  generatePflog(join(folder, 'pflog'), 1_000_000, 5000);
  const command = `${process.execPath} ${CLI} --config=/dev/null replay --json --database spamd.sqlite pflog`;
  const terminal = spawn('script', ['-qefc', command, '/dev/null'], { cwd: folder });
  let isSent = false;
  terminal.stdout.on('data', (piece: Buffer) => {
    // The first sight of the progress bar: it is reading.
    if (isSent || !piece.includes(' % ')) return;
    isSent = true;
    terminal.stdin.write('\x03');
  });
  const { status, stdout } = await outcomeOf(terminal);
  assert.equal(status, 130);
  const report = JSON.parse(/\{"packets".*/.exec(stdout)![0]);
  assert.equal(report.interrupted, true);
  assert.ok(report.packets > 0 && report.packets < 1_000_000, `${report.packets} packets`);
  assertConsistent(join(folder, 'spamd.sqlite'), report);
});
