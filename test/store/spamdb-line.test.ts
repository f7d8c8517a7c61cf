import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spamdbLine } from '../../src/store/spamdb-line.js';

const entry = { first: 1699913600, pass: 1699915400, expire: 1703110400, bcount: 1, pcount: 5 };

test('each kind of record is the line that spamdb prints', () => {
  const white = { kind: 'address', address: '192.0.2.25', entry } as const;
  assert.equal(spamdbLine(white), 'WHITE|192.0.2.25|||1699913600|1699915400|1703110400|1|5');
  const trapped = { ...white, entry: { ...entry, pcount: -1 } };
  assert.equal(spamdbLine(trapped), 'TRAPPED|192.0.2.25|1703110400');
  const spamtrap = { kind: 'spamtrap', address: 'spamtrap@example.org' } as const;
  assert.equal(spamdbLine(spamtrap), 'SPAMTRAP|spamtrap@example.org');
  const tuple = {
    kind: 'tuple',
    address: '198.51.100.7',
    helo: 'mail.example.com',
    from: '<alice@example.com>',
    to: '<bob@example.org>',
    entry: { ...entry, pcount: 0 },
  } as const;
  const times = '1699913600|1699915400|1703110400|1|0';
  const envelope = 'mail.example.com|<alice@example.com>|<bob@example.org>';
  assert.equal(spamdbLine(tuple), `GREY|198.51.100.7|${envelope}|${times}`);
});

test('nothing is escaped, and what is empty stays empty', () => {
  const tuple = {
    kind: 'tuple',
    address: '::1',
    helo: '',
    from: '<>',
    to: '<a|b@example.org>',
    entry,
  } as const;
  assert.equal(spamdbLine(tuple), 'GREY|::1||<>|<a|b@example.org>|1699913600|1699915400|1703110400|1|5');
});
