import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { openForChange, openHashFile } from '../../../src/store/spamd-db/hash-file.js';
import { isBlank } from '../../../src/store/spamd-db/hash-parts.js';
import { MemoryFile } from '../../../src/store/spamd-db/page-file.js';
import { decodeRecord } from '../../../src/store/spamd-db/record.js';
import { findProblems } from '../../../src/store/spamd-db/verify.js';
import { findRecordProblems } from '../../../src/store/spamd-db/verify-database.js';
import { encodeText, formatSpamdb } from '../../../src/store/spamdb-text.js';
import { ROOT } from './libdb1.js';

const FOLDERS = [
  {
    name: "project's own",
    url: new URL('fixtures/spamd-db/', ROOT),
    absence: 'fixtures/spamd-db is missing',
  },
  { name: 'shared', url: new URL('../shared/spamd-db/', ROOT), absence: '../shared/spamd-db is not here' },
];

/** spamdb and libc's walk leave out one record of this file. */
const LACKS_ONE = 'n200-b512-bigpairs';

/** spamdb stops at this file's first record. */
const BAD_VALUE = 'bad-value-size-b16384';

function read(folder: URL, name: string): Buffer {
  const plain = new URL(name, folder);
  return existsSync(plain) ? readFileSync(plain) : gunzipSync(readFileSync(new URL(`${name}.gz`, folder)));
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Checks one file against the dump and the text beside it. */
function checkFile(folder: URL, name: string): void {
  const file = new MemoryFile(read(folder, `${name}.db`));
  if (isBlank(file)) {
    assert.equal(file.size, 0);
    return;
  }
  const pairs = [...openHashFile(file)];
  const dump = pairs.map(({ key, value }) => `${toHex(key)}\t${toHex(value)}`);
  const expected = read(folder, `${name}.raw.tsv`).toString().split('\n').slice(0, -1);
  const lines = pairs.map(({ key, value }) => {
    const record = decodeRecord(key, value);
    return record ? encodeText(formatSpamdb(record)) : Buffer.alloc(0);
  });
  const text = read(folder, `${name}.spamdb.txt`);
  if (name === LACKS_ONE) {
    const missing = dump.findIndex((line, i) => line !== expected[i]);
    dump.splice(missing, 1);
    lines.splice(missing, 1);
  }
  assert.deepEqual(dump, expected, `${name}: every key and value, in order`);
  if (name === BAD_VALUE) assert.deepEqual(text, Buffer.alloc(0));
  else assert.deepEqual(Buffer.concat(lines), text, `${name}: what spamdb prints`);

  const damage = [...findProblems(file), ...findRecordProblems(file)].filter(
    ({ severity }) => severity === 'damage',
  );
  assert.equal(damage.length, name === BAD_VALUE ? 1 : 0, `${name}: ${JSON.stringify(damage)}`);
  const opened = openHashFile(file);
  for (const { key, value } of pairs)
    assert.equal(toHex(opened.get(key)!), toHex(value), `${name}: a look-up`);

  const before = Buffer.from(file.bytes);
  const changed = openForChange(file, 4096);
  for (const { key, value } of pairs) if (changed.fits(key, value)) changed.put(key, value);
  changed.commit(file);
  assert.deepEqual(Buffer.from(file.bytes), before, `${name}: writing what is there changes nothing`);
}

for (const { name, url, absence } of FOLDERS) {
  test(`every database of the ${name} data is read as spamdb and libc read it`, t => {
    if (!existsSync(url)) return t.skip(absence);
    const names = readdirSync(url)
      .filter(file => /\.db(\.gz)?$/.test(file))
      .map(file => file.replace(/\.db(\.gz)?$/, ''));
    assert.ok(names.length > 5, `only ${names.length} files`);
    for (const file of names) checkFile(url, file);
  });
}
