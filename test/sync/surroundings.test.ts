import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REAL_SURROUNDINGS } from '../../src/sync/surroundings.js';

test('the real surroundings are those of this machine', async () => {
  const { now, random, lookup, interfaceAddresses } = REAL_SURROUNDINGS;
  assert.ok(Math.abs(now() - Date.now() / 1000) < 60);
  assert.ok(random() >= 0 && random() < 1);
  assert.deepEqual(await lookup('127.0.0.1'), ['127.0.0.1']);
  await assert.rejects(lookup('no-such-host.invalid'), ({ code }: NodeJS.ErrnoException) =>
    ['ENOTFOUND', 'EAI_AGAIN'].includes(String(code)),
  );
  const loopback = interfaceAddresses().find(({ address }) => address === '127.0.0.1');
  assert.equal(loopback?.cidr, '127.0.0.1/8');
  assert.equal(
    interfaceAddresses().some(({ address }) => address.includes(':')),
    false,
  );
});

test('a timer fires once, unless it was cancelled', async () => {
  const fired: string[] = [];
  const cancel = REAL_SURROUNDINGS.schedule(1, () => fired.push('cancelled'));
  cancel();
  await new Promise<void>(resolve => {
    const keepsRunning = setInterval(() => {}, 1000);
    REAL_SURROUNDINGS.schedule(2, () => {
      clearInterval(keepsRunning);
      fired.push('fired');
      resolve();
    });
  });
  assert.deepEqual(fired, ['fired']);
});
