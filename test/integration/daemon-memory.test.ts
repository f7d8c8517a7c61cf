import assert from 'node:assert/strict';
import { chownSync } from 'node:fs';
import { test } from 'node:test';
import { makeEndedDatabase } from '../support/database.js';
import { inFolder, makeFifo, UNPRIVILEGED } from './running-daemon.js';

/** So many do not fit into the memory below. */
const ENDED = 400_000;
const HEAP_MIB = 24;

test('more entries that have ended than there is memory for are deleted', async () => {
  await inFolder(async folder => {
    makeFifo(folder.at('log'));
    makeEndedDatabase(folder.database, ENDED);
    if (UNPRIVILEGED.uid !== undefined) chownSync(folder.database, UNPRIVILEGED.uid, UNPRIVILEGED.gid!);
    const heap = `NODE_OPTIONS=--max-old-space-size=${HEAP_MIB}`;
    const daemon = folder.startWith(heap, '-l', './log');
    await daemon.logged(new RegExp(`^${ENDED} white entries expired$`));
    await daemon.logged(/^capturing on /i);
    assert.deepEqual(folder.rows(), []);
    daemon.signal('SIGTERM');
    assert.equal(await daemon.ended(), 0);
  });
});
