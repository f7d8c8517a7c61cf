import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './support/folder.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

const ADAPTERS = ['capture', 'store', 'table', 'pfconf', 'sync', 'system', 'native', 'log'];

/** What a room may import; ARCHITECTURE.md has the same table. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  address: [],
  wire: ['address'],
  whitelist: ['address', 'wire'],
  policy: ['address', 'wire', 'whitelist'],
  capture: ['wire', 'system', 'native'],
  store: ['address', 'whitelist'],
  table: ['address'],
  pfconf: ['address'],
  sync: ['address', 'wire'],
  system: ['native'],
  native: [],
  log: ['system'],
  options: ['address', 'wire', 'whitelist', 'policy', 'capture', 'table', 'pfconf', 'sync'],
  daemon: ['address', 'wire', 'whitelist', 'policy', ...ADAPTERS, 'options'],
  commands: [
    'address',
    'wire',
    'whitelist',
    'policy',
    'capture',
    'store',
    'table',
    'pfconf',
    'sync',
    'system',
    'options',
    'daemon',
  ],
};
const ROOMS = Object.keys(ALLOWED);

const PURE = ['address', 'wire', 'whitelist', 'policy'];
const IMPURE = ['node:fs', 'node:fs/promises', 'node:child_process', 'node:dgram', 'node:http', 'pino'];

/** The imports in these files that the project's linter refuses, as `FILE: SPECIFIER`. */
function refused(folder: string, files: Readonly<Record<string, readonly string[]>>): string[] {
  copyFileSync(join(PROJECT, 'biome.json'), join(folder, 'biome.json'));
  for (const [file, specifiers] of Object.entries(files)) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    // The last one is imported when it is needed, which is an import as well.
    const lines = specifiers.map((specifier, i) =>
      i < specifiers.length - 1
        ? `export { x as x${i} } from '${specifier}';\n`
        : `export const last = await import('${specifier}');\n`,
    );
    writeFileSync(join(folder, file), lines.join(''));
  }
  const biome = join(PROJECT, 'node_modules/.bin/biome');
  const options = ['lint', '--vcs-enabled=false', '--reporter=github', '--max-diagnostics=none', 'src'];
  const { stdout } = spawnSync(biome, options, { cwd: folder, encoding: 'utf8' });
  const found = stdout.matchAll(/title=lint\/style\/noRestrictedImports,file=[^,]*?(src\/[^,]+),line=(\d+)/g);
  return [...found].map(([, file, line]) => `${file}: ${files[file!]![Number(line) - 1]}`).sort();
}

test('the linter refuses exactly the imports that go the wrong way', t => {
  const files: Record<string, string[]> = {};
  const expected: string[] = [];
  const add = (file: string, specifier: string, isAllowed: boolean): void => {
    files[file] = [...(files[file] ?? []), specifier];
    if (!isAllowed) expected.push(`${file}: ${specifier}`);
  };
  for (const room of ROOMS) {
    for (const other of ROOMS.filter(name => name !== room)) {
      const isAllowed = ALLOWED[room]!.includes(other);
      add(`src/${room}/a.ts`, `../${other}/b.js`, isAllowed);
      add(`src/${room}/part/a.ts`, `../../${other}/b.js`, isAllowed);
    }
    add(`src/${room}/a.ts`, '../cli.js', false);
    add(`src/${room}/part/a.ts`, '../other/b.js', true);
  }
  for (const room of ROOMS) add('src/cli.ts', `./${room}/a.js`, true);
  for (const room of ['commands', 'daemon']) add('src/index.ts', `./${room}/a.js`, false);
  assert.deepEqual(refused(temporaryFolder(t), files), expected.sort());
});

test('the linter refuses what does I/O or logs, in rooms that do neither', t => {
  const files: Record<string, string[]> = Object.fromEntries(PURE.map(room => [`src/${room}/a.ts`, IMPURE]));
  const expected = Object.entries(files).flatMap(([file, all]) => all.map(one => `${file}: ${one}`));
  const sockets = ['wire', 'whitelist', 'policy', 'address'].map(room => `src/${room}/b.ts`);
  for (const file of sockets) files[file] = ['node:net', 'node:net'];
  expected.push(...sockets.flatMap(file => files[file]!.map(one => `${file}: ${one}`)));
  assert.deepEqual(refused(temporaryFolder(t), files), expected.sort());
});
