import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addScript, addScripts, deleteScript, replaceScripts } from '../../src/table/nft-script.js';

const SET = 'inet spamlogd white4';
const day = 86_400;
const some = [
  { address: '192.0.2.1', lifetimeSeconds: 60 },
  { address: '192.0.2.2', lifetimeSeconds: 36 * day + 5 },
  { address: '192.0.2.3' },
];

function text(script: Iterable<string>): string {
  return [...script].join('');
}

test('elements carry their life twice, so that a clock that runs already is set anew', () => {
  assert.equal(
    text(addScript(SET, some, { hasTimeouts: true, updates: true })),
    'add element inet spamlogd white4 { 192.0.2.1 timeout 60s expires 60s, ' +
      '192.0.2.2 timeout 36d5s expires 36d5s, 192.0.2.3 }\n',
  );
});

test('a set without timeouts gets addresses only', () => {
  const line = 'add element inet spamlogd white4 { 192.0.2.1, 192.0.2.2, 192.0.2.3 }\n';
  assert.equal(text(addScript(SET, some, { hasTimeouts: false, updates: true })), line);
  assert.equal(text(addScript(SET, some, { hasTimeouts: false, updates: false })), line);
});

test('a kernel that keeps the first timeout gets elements deleted and added again', () => {
  assert.equal(
    text(addScript(SET, some.slice(0, 2), { hasTimeouts: true, updates: false })),
    'add element inet spamlogd white4 { 192.0.2.1, 192.0.2.2 }\n' +
      'delete element inet spamlogd white4 { 192.0.2.1, 192.0.2.2 }\n' +
      'add element inet spamlogd white4 { 192.0.2.1 timeout 60s expires 60s, 192.0.2.2 timeout 36d5s expires 36d5s }\n',
  );
});

test('a replacement flushes and adds, whatever the kernel does with elements that are there', () => {
  const style = { hasTimeouts: true, updates: false };
  const sets = [{ words: SET.split(' '), isIpv6: false, style }];
  assert.equal(
    text(replaceScripts(sets, some.slice(0, 1))),
    'flush set inet spamlogd white4\nadd element inet spamlogd white4 { 192.0.2.1 timeout 60s expires 60s }\n',
  );
  assert.equal(text(replaceScripts(sets, [])), 'flush set inet spamlogd white4\n');
});

test('each entry goes to the set of its family, if there is one', () => {
  const style = { hasTimeouts: false, updates: true };
  const set4 = { words: ['ip', 't', 'w4'], isIpv6: false, style };
  const set6 = { words: ['ip6', 't', 'w6'], isIpv6: true, style };
  const mixed = ['192.0.2.1', '2001:db8::1', '192.0.2.2'].map(address => ({ address }));
  assert.equal(
    text(addScripts([set4, set6], mixed)),
    'add element ip t w4 { 192.0.2.1, 192.0.2.2 }\nadd element ip6 t w6 { 2001:db8::1 }\n',
  );
  assert.equal(text(addScripts([set6], mixed)), 'add element ip6 t w6 { 2001:db8::1 }\n');
  assert.deepEqual([...addScripts([set4, set6], [])], []);
});

test('what is deleted is named once', () => {
  const twice = [some[0]!, { address: '192.0.2.1', lifetimeSeconds: 9 }];
  assert.equal(
    text(addScript(SET, twice, { hasTimeouts: true, updates: false })),
    'add element inet spamlogd white4 { 192.0.2.1 }\n' +
      'delete element inet spamlogd white4 { 192.0.2.1 }\n' +
      'add element inet spamlogd white4 { 192.0.2.1 timeout 60s expires 60s }\n',
  );
  assert.equal(text(deleteScript(SET, ['::1', '::1'])), 'delete element inet spamlogd white4 { ::1 }\n');
});

test('a life beyond ten years is cut, and no number of seconds is too large for nft', () => {
  const old = [{ address: '192.0.2.1', lifetimeSeconds: Number.MAX_SAFE_INTEGER }];
  assert.match(
    text(addScript(SET, old, { hasTimeouts: true, updates: true })),
    /timeout 3650d0s expires 3650d0s/,
  );
});

test('statements are of bounded length, and there is none for nothing', () => {
  const many = Array.from({ length: 5000 }, (_, i) => ({ address: `10.0.${i >> 8}.${i & 255}` }));
  const statements = [...addScript(SET, many, { hasTimeouts: true, updates: true })];
  assert.deepEqual(
    statements.map(statement => statement.split(',').length),
    [2048, 2048, 904],
  );
  assert.deepEqual([...addScript(SET, [], { hasTimeouts: true, updates: false })], []);
  assert.deepEqual([...deleteScript(SET, [])], []);
});
