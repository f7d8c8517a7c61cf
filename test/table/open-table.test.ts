import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTable } from '../../src/table/open-table.js';
import type { Runner } from '../../src/table/runner.js';
import { parseTableSpec } from '../../src/table/table-spec.js';

test('each kind of table is opened by its driver, which touches nothing yet', async () => {
  const runner: Runner = () => assert.fail('something was run');
  const open = (text: string) => openTable(parseTableSpec(text), runner);
  assert.equal((await open('pf:spamd-white')).name, 'pf table <spamd-white>');
  assert.equal((await open('pf:mail/white')).name, 'pf table <white> in anchor "mail"');
  assert.equal((await open('nft:inet:t:a:b')).name, 'nftables sets inet t a and b');
  const none = await open('none');
  assert.equal(none.name, 'no table');
  assert.deepEqual(await none.probe(), { forgets: true, warnings: [] });
  assert.equal(await none.fingerprint(), undefined);
});
