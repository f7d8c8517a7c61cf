import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../support/cli.js';
import { entry, makeGreydDatabase } from '../support/database.js';
import { temporaryFolder } from '../support/folder.js';

const FORGED = 'WHITE|203.0.113.66|||1|1|9999999999|1|0';

test('a record whose text would break into lines is left out of the text, told and counted', async t => {
  const folder = temporaryFolder(t);
  const database = join(folder, 'greyd.sqlite');
  const times = { first: 1, pass: 1, expire: 9_999_999_999, pcount: 0 };
  const tuple = { from: '<a@example.org>', to: '<b@example.org>', ...times };
  const rows = [
    entry('192.0.2.1', times),
    { ...entry('192.0.2.9', tuple), helo: `x|<a>|<b>|1|1|9999999999|1|0\n${FORGED}\nGREY|192.0.2.9|y` },
    entry(`192.0.2.10\n${FORGED}`, times),
    { ...entry('192.0.2.11', tuple), helo: 'mail.example.com\r' },
  ];
  makeGreydDatabase(database, rows, [`trap@example.org\n${FORGED}`, 'trap@example.org']);
  const exported = await run(['export', '--database', database]);
  assert.equal(
    exported.stdout,
    'WHITE|192.0.2.1|||1|1|9999999999|1|0\n' +
      'GREY|192.0.2.11|mail.example.com\r|<a@example.org>|<b@example.org>|1|1|9999999999|1|0\n' +
      'SPAMTRAP|trap@example.org\n',
  );
  assert.equal(exported.status, 65);
  assert.deepEqual(exported.stderr.split('\n'), [
    ...['192.0.2.9', `192.0.2.10?${FORGED}`, `trap@example.org?${FORGED}`].map(
      address => `spamlogd: a record of "${address}" has a line feed in its text: left out`,
    ),
    '',
  ]);
  const dry = await run(['export', '-n', '--database', database]);
  assert.deepEqual(
    [dry.status, dry.stdout, dry.stderr],
    [65, '3 records would be written\n', exported.stderr],
    'a dry run counts what is written',
  );
  const input = Buffer.from(exported.stdout);
  const copy = join(folder, 'copy');
  assert.equal((await run(['import', '--database', copy, '-'], { input })).status, 0);
  assert.equal((await run(['query', '--database', copy, '203.0.113.66'])).status, 1, 'nobody forged it');
});
