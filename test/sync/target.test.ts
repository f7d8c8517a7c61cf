import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSyncTarget, type TargetText } from '../../src/sync/settings.js';
import { resolveTarget } from '../../src/sync/target.js';

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
