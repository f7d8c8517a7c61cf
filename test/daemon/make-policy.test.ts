import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseAddress } from '../../src/address/address.js';
import { formatPrefix } from '../../src/address/prefix.js';
import { makePolicy, readNetworks } from '../../src/daemon/make-policy.js';
import { parseArgv } from '../../src/options/argv.js';
import { readSettings } from '../../src/options/settings.js';
import { temporaryFolder } from '../support/folder.js';

function networksFile(t: TestContext, text: string): string {
  const path = join(temporaryFolder(t), 'nospamd');
  writeFileSync(path, text);
  return path;
}

test('a file of networks has comments, blank lines, and any line ends', t => {
  const path = networksFile(
    t,
    '# big senders\n\n192.0.2.0/24\n  198.51.100.7\t# one host\r\n2001:DB8::/32#v6\n203.0.113.1 203.0.113.2',
  );
  assert.deepEqual(readNetworks(path).map(formatPrefix), [
    '192.0.2.0/24',
    '198.51.100.7',
    '2001:db8::/32',
    '203.0.113.1',
    '203.0.113.2',
  ]);
  assert.deepEqual(readNetworks(networksFile(t, '')), []);
});

test('a bad line of a file of networks is refused with its number', t => {
  const bad: Record<string, string> = {
    '192.0.2.0/24\n# ok\nmail.example.com\n': 'mail.example.com',
    '\n\n192.0.2.1/24': '192.0.2.1/24',
    '\n\n!192.0.2.1': '!192.0.2.1',
  };
  for (const [text, word] of Object.entries(bad)) {
    const path = networksFile(t, text);
    const expected = 'an address or a network without host bits, like 192.0.2.0/24';
    assert.throws(() => readNetworks(path), {
      name: 'UsageError',
      message: `"${path}" line 3 must be ${expected}, not "${word}"`,
    });
  }
});

test('a file of networks that cannot be read is refused', t => {
  const folder = temporaryFolder(t);
  assert.throws(() => readNetworks(join(folder, 'none')), {
    name: 'UsageError',
    message: `Cannot read networks to ignore "${folder}/none": no such file`,
  });
  assert.throws(() => readNetworks(folder), { message: /^Cannot read .*: is a directory$/ });
});

test('the policy has what the settings say, networks of options and files together', async t => {
  const path = networksFile(t, '192.0.2.0/24\n');
  const argv = ['-I', '-i', '7', '--port=25,587', '--ignore=2001:db8::/32', '--ignore-file', path];
  const settings = await readSettings(parseArgv([...argv, '--mail-server=198.51.100.25']), '/nonexistent');
  const policy = makePolicy(settings);
  assert.equal(policy.inboundOnly, true);
  assert.deepEqual(policy.interface, { name: '7', index: 7 });
  assert.deepEqual(policy.ports, [25, 587]);
  const isIgnored = (address: string): boolean => policy.ignore.has(...parseAddress(address)!);
  assert.deepEqual(['192.0.2.9', '2001:db8::9', '198.51.100.9'].map(isIgnored), [true, true, false]);
  assert.equal(policy.mailServers?.has(...parseAddress('198.51.100.25')!), true);
  assert.equal(policy.mailServers?.has(...parseAddress('198.51.100.26')!), false);
});

test('without a word all counts: both directions, every interface, every mail server', async () => {
  const policy = makePolicy(await readSettings(parseArgv([]), '/nonexistent'));
  assert.deepEqual([policy.inboundOnly, policy.interface, policy.mailServers], [false, undefined, undefined]);
  assert.equal(policy.ignore.has(...parseAddress('192.0.2.1')!), false);
});

const noIndexes = process.platform !== 'linux' && 'only Linux has /sys/class/net';

test('an interface has the index it has on this machine', { skip: noIndexes }, async () => {
  const policy = makePolicy(await readSettings(parseArgv(['-i', 'lo']), '/nonexistent'));
  assert.deepEqual(policy.interface, { name: 'lo', index: 1 });
});

test('an interface that is not there has no index', async () => {
  const policy = makePolicy(await readSettings(parseArgv(['-i', 'no such']), '/nonexistent'));
  assert.deepEqual(policy.interface, { name: 'no such' });
});
