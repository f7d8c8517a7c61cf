import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSyncTarget, type TargetText } from '../../src/sync/settings.js';
import { resolveTarget, resolveTargets } from '../../src/sync/target.js';
import { settle, TestSurroundings } from './helpers.js';

const HOSTS: Readonly<Record<string, readonly string[]>> = {
  'mx2.example.org': ['192.0.2.2', '192.0.2.3'],
  both0: ['192.0.2.9'],
  'six.example.org': [],
};

const surroundings = {
  async lookup(host: string): Promise<readonly string[]> {
    const code = host.startsWith('later') ? 'EAI_AGAIN' : 'ENOTFOUND';
    return HOSTS[host] ?? Promise.reject(Object.assign(new Error(`getaddrinfo ${host}`), { code }));
  },
  interfaceAddresses: () =>
    ['lo0', 'em0', 'both0', 'later0'].map(name => ({
      interface: name,
      address: '192.0.2.1',
      cidr: '192.0.2.1/24',
    })),
};

async function resolved(text: string): Promise<unknown> {
  const parsed = parseSyncTarget(text) as { value: TargetText };
  return resolveTarget(text, parsed.value, surroundings);
}

test('a host is told at every address it has', async () => {
  assert.deepEqual(await resolved('mx2.example.org'), {
    value: { kind: 'host', text: 'mx2.example.org', addresses: ['192.0.2.2', '192.0.2.3'] },
  });
  assert.deepEqual(await resolved('203.0.113.5'), {
    value: { kind: 'host', text: '203.0.113.5', addresses: ['203.0.113.5'] },
  });
});

test('a name that resolves is a host even if there is an interface of that name, as for spamlogd(8)', async () => {
  assert.deepEqual(await resolved('both0'), {
    value: { kind: 'host', text: 'both0', addresses: ['192.0.2.9'] },
  });
  assert.deepEqual(await resolved('both0:1'), {
    value: { kind: 'interface', text: 'both0:1', interface: 'both0', ttl: 1 },
  });
});

test('a name that does not resolve is an interface if there is one', async () => {
  assert.deepEqual(await resolved('em0'), {
    value: { kind: 'interface', text: 'em0', interface: 'em0', ttl: 1 },
  });
  assert.deepEqual(await resolved('later0'), {
    value: { kind: 'interface', text: 'later0', interface: 'later0', ttl: 1 },
  });
});

test('a name that is neither is an error that names both readings', async () => {
  const known = 'this machine has lo0, em0, both0, later0';
  assert.deepEqual(await resolved('mx2.exmaple.org'), {
    error: `is neither a host (ENOTFOUND) nor an interface with an IPv4 address (${known})`,
  });
  assert.deepEqual(await resolved('six.example.org'), {
    error: `is neither a host (no IPv4 address) nor an interface with an IPv4 address (${known})`,
  });
  assert.deepEqual(await resolved('em1:2'), {
    error: `is not an interface with an IPv4 address: ${known}`,
  });
});

test('a host that cannot be resolved for now is one without addresses', async () => {
  assert.deepEqual(await resolved('later.example.org'), {
    value: { kind: 'host', text: 'later.example.org', addresses: [] },
  });
});

/** Surroundings whose resolver does not answer for names that begin with `slow`. */
class SlowSurroundings extends TestSurroundings {
  override lookup(host: string): Promise<readonly string[]> {
    if (!host.startsWith('slow')) return super.lookup(host);
    this.lookups.push(host);
    return new Promise(() => {});
  }
}

test('all names are asked for at once, and after three seconds it goes on without those not found by then', async () => {
  const slow = new SlowSurroundings();
  slow.hosts = { mx2: ['192.0.2.2'] };
  slow.interfaces.push({ interface: 'slow0', address: '192.0.2.1', cidr: '192.0.2.1/24' });
  let targets: unknown;
  void resolveTargets(['slow1', 'mx2', 'slow0', 'slow2'], slow, 3).then(found => {
    targets = found;
  });
  await settle();
  assert.deepEqual(slow.lookups, ['slow1', 'mx2', 'slow0', 'slow2']);
  await slow.advance(2.9);
  assert.equal(targets, undefined);
  await slow.advance(0.1);
  assert.deepEqual(targets, [
    { kind: 'host', text: 'slow1', addresses: [] },
    { kind: 'host', text: 'mx2', addresses: ['192.0.2.2'] },
    { kind: 'interface', text: 'slow0', interface: 'slow0', ttl: 1 },
    { kind: 'host', text: 'slow2', addresses: [] },
  ]);
  assert.equal(slow.timers, 0);
});

test('a name that is found to be neither in time is an error, however slow the others are', async () => {
  const slow = new SlowSurroundings();
  await assert.rejects(resolveTargets(['slow1', 'mx9'], slow, 3), {
    message:
      '-Y mx9: is neither a host (ENOTFOUND) nor an interface with an IPv4 address (this machine has lo)',
  });
});
