import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusReport } from '../../src/daemon/status.js';
import { statusParts } from './status-parts.js';

test('every time in a report is ISO 8601 in UTC', () => {
  const report = JSON.parse(JSON.stringify(statusReport(statusParts())));
  assert.equal(report.since, '2026-01-31T12:00:00.000Z');
  assert.equal(report.tables[0].lastReconcile, '2026-01-31T12:00:01.000Z');
  const [link] = report.sync.sender.targets[0].links;
  assert.equal(link.unreachableSince, '2026-01-31T12:00:02.000Z');
  assert.equal(link.lastSent, '2026-01-31T12:00:03.500Z');
  const [peer, silent] = report.sync.receiver.peers;
  assert.equal(peer.lastHeard, '2026-01-31T12:00:04.250Z');
  assert.equal(peer.lagSeconds, -3);
  assert.equal('lastHeard' in silent, false);
  const numbers = JSON.stringify(report).match(/\b1[67]\d{8}\b/g);
  assert.equal(numbers, null, 'no time is a number');
});

test('what is not there is null', () => {
  const parts = statusParts();
  const report = JSON.parse(JSON.stringify(statusReport({ ...parts, sync: null })));
  assert.equal(report.sync, null);
  const neither = { key: 'missing', sender: null, receiver: null } as const;
  assert.deepEqual(statusReport({ ...parts, sync: neither }).sync, neither);
});
