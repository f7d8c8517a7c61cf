import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseToEngine, parseToMonitor } from '../../src/daemon/messages.js';

test('what the engine may be told is a closed set', () => {
  for (const type of ['begin', 'settings', 'capture', 'table-reply', 'log-status', 'stop'])
    assert.equal(parseToEngine({ type })?.type, type);
  for (const other of [{ type: 'ready' }, { type: 'table' }, { type: 1 }, {}, null, undefined, 'stop', 7, []])
    assert.equal(parseToEngine(other), undefined);
});

test('what the monitor may be asked is a closed set', () => {
  for (const type of ['ready', 'failed', 'table']) assert.equal(parseToMonitor({ type })?.type, type);
  for (const other of [{ type: 'begin' }, { type: 'stop' }, { type: ['ready'] }, null, 'ready'])
    assert.equal(parseToMonitor(other), undefined);
});

test('why a session is of no use is a line of text', () => {
  const discard = { type: 'discard', session: 1, code: 'damaged', reason: 'its stream is damaged' };
  assert.deepEqual(parseToMonitor(discard), discard);
  assert.equal(parseToMonitor({ ...discard, code: 'link-type' })?.type, 'discard');
  for (const wrong of [
    { session: '1' },
    { session: 1.5 },
    { code: 'usage' },
    { code: undefined },
    { reason: undefined },
    { reason: '' },
    { reason: 'two\nlines' },
    { reason: 'x'.repeat(201) },
    { reason: ['its'] },
  ])
    assert.equal(parseToMonitor({ ...discard, ...wrong }), undefined, JSON.stringify(wrong));
});
