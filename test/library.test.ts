import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './support/folder.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** Another program's: it decodes, judges, tallies, and asks a database. */
const PROGRAM = `
import {
  decodeRecord, judge, packOrigin, type Policy, PrefixSet, putSighting, readSavefile, SMTP_PORT, SqliteStore,
  type Store, Tally, WorkerStore,
} from 'spamlogd';

const [capture, database] = process.argv.slice(2);
const policy: Policy = { inboundOnly: false, ports: [SMTP_PORT], ignore: new PrefixSet([]) };
const seen = new Set<string>();
for await (const { linkType, bytes, originalLength, isLittleEndian } of readSavefile(capture!)) {
  const verdict = judge(decodeRecord(linkType, bytes, originalLength, isLittleEndian), policy);
  if ('sighting' in verdict) seen.add(verdict.sighting.address);
}
const words = new Int32Array(3);
const tally = new Tally(3600);
tally.add(words, putSighting(words, 0, [0, 0, 0xffff, 0xc0000201], 1_700_000_000, packOrigin(0, 1)));
const rule = { interface: 'em0', ruleset: '', rulenr: 1, subrulenr: null };
const store: Store = new SqliteStore(database!, { canCreate: true });
await store.applyBatch(tally.take([rule]), 3600);
await store.close();
const worker: Store = WorkerStore.start(database!, { isReadOnly: true });
const entry = await worker.get('192.0.2.1');
await worker.close();
console.log(JSON.stringify([seen.size, entry?.expire]));
`;

test("another program compiles against the library with this package's dependencies alone, and runs", t => {
  const folder = temporaryFolder(t);
  const installed = join(folder, 'node_modules/spamlogd');
  cpSync(join(PROJECT, 'package.json'), join(installed, 'package.json'), { recursive: true });
  cpSync(join(PROJECT, 'dist/src'), join(installed, 'dist/src'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(join(folder, 'globals.d.ts'), 'declare const process: { readonly argv: string[] };\n');
  writeFileSync(join(folder, 'program.ts'), PROGRAM);
  const options = ['--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext', '--target', 'es2023'];
  const compiler = join(PROJECT, 'node_modules/.bin/tsc');
  const files = ['globals.d.ts', 'program.ts'];
  const compiled = spawnSync(compiler, [...options, ...files], { cwd: folder, encoding: 'utf8' });
  assert.deepEqual([compiled.stdout, compiled.status], ['', 0]);

  rmSync(installed, { recursive: true });
  symlinkSync(PROJECT, installed);
  const capture = join(PROJECT, 'fixtures/captures/demo.pcap.gz');
  const args = ['program.js', capture, join(folder, 'a.sqlite')];
  const ran = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  assert.deepEqual([ran.stderr, ran.status], ['', 0]);
  assert.deepEqual(JSON.parse(ran.stdout), [57, 1_700_003_600]);
});
