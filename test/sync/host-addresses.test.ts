import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HostAddresses } from '../../src/sync/host-addresses.js';
import { settle, TestLog, TestSurroundings } from './helpers.js';

function open(addresses: readonly string[]) {
  const surroundings = new TestSurroundings();
  const log = new TestLog();
  const changes: (readonly string[])[] = [];
  const start = () => {
    return new HostAddresses('mx2', addresses, surroundings, log, now => changes.push(now));
  };
  return { surroundings, log, changes, start };
}

test('a name with known addresses is asked for again after a day, and a change is told', async () => {
  const { surroundings, log, changes, start } = open(['192.0.2.2']);
  const host = start();
  await surroundings.advance(86_399);
  assert.deepEqual(surroundings.lookups, []);
  surroundings.hosts = { mx2: ['192.0.2.3', '192.0.2.2'] };
  await surroundings.advance(1);
  assert.deepEqual(changes, [['192.0.2.2', '192.0.2.3']]);
  assert.deepEqual(host.addresses, ['192.0.2.2', '192.0.2.3']);
  assert.deepEqual(log.lines, ['info Sync: "mx2" has the addresses 192.0.2.2, 192.0.2.3']);
  await surroundings.advance(86_400);
  assert.equal(surroundings.lookups.length, 2);
  assert.equal(changes.length, 1);
});

test('a name without known addresses is asked for at once, and while it fails less and less often', async () => {
  const { surroundings, log, changes, start } = open([]);
  surroundings.hosts = { mx2: { code: 'EAI_AGAIN' } };
  start();
  await settle();
  const counts: number[] = [];
  for (const seconds of [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]) {
    await surroundings.advance(seconds - 1);
    const before = surroundings.lookups.length;
    await surroundings.advance(1);
    counts.push(surroundings.lookups.length - before);
  }
  assert.deepEqual(counts, [1, 1, 1, 1, 1, 1, 1, 1, 1]);
  assert.deepEqual(log.lines, ['warn Sync: cannot resolve "mx2" (EAI_AGAIN)']);
  surroundings.hosts = { mx2: ['192.0.2.2'] };
  await surroundings.advance(3600);
  assert.deepEqual(changes, [['192.0.2.2']]);
});

test('addresses stay in use while their name cannot be resolved, or resolves to nothing', async () => {
  const { surroundings, log, changes, start } = open(['192.0.2.2']);
  surroundings.hosts = { mx2: [] };
  const host = start();
  await surroundings.advance(86_400);
  assert.deepEqual(changes, []);
  assert.deepEqual(host.addresses, ['192.0.2.2']);
  assert.deepEqual(log.lines, ['warn Sync: cannot resolve "mx2" (no IPv4 address), 192.0.2.2 stays in use']);
});

test('who asks because an address does not answer is heard, but not more often than twice a minute', async () => {
  const { surroundings, start } = open(['192.0.2.2']);
  const host = start();
  for (const [seconds, lookups] of [
    [0, 1],
    [29, 1],
    [1, 2],
    [1, 2],
    [29, 3],
  ] as const) {
    await surroundings.advance(seconds);
    host.refresh();
    assert.equal(surroundings.lookups.length, lookups);
  }
});

test('nothing is asked any more once it is closed', async () => {
  const { surroundings, changes, start } = open(['192.0.2.2']);
  surroundings.hosts = { mx2: ['192.0.2.3'] };
  const host = start();
  host.refresh();
  host.close();
  await surroundings.advance(200_000);
  assert.deepEqual(changes, []);
  assert.equal(surroundings.timers, 0);
});
