import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { lookupAccount, parsePasswd } from '../../src/system/account.js';

test('an account is read from passwd', () => {
  const text = 'root:*:0:0:Charlie &:/root:/bin/ksh\n_spamd:*:62:62:Spam Daemon:/var/empty:/sbin/nologin\n';
  assert.deepEqual(parsePasswd(text, '_spamd'), { name: '_spamd', uid: 62, gid: 62 });
  assert.equal(parsePasswd(text, 'spamd'), undefined);
});

test('lines that are not entries are passed over', () => {
  for (const line of ['_spamd', '_spamd:x', '_spamd:x::', '_spamd:x:a:b:', '+_spamd:x:1:1', '']) {
    assert.equal(parsePasswd(`${line}\n`, '_spamd'), undefined, line);
  }
});

test('root is found in the file of this system', () => {
  assert.deepEqual(lookupAccount('root'), { name: 'root', uid: 0, gid: 0 });
});

const skip = spawnSync('getent', ['passwd', 'root']).status !== 0 && 'no getent here';
test('the name service is asked when the file does not know', { skip }, () => {
  assert.deepEqual(lookupAccount('root', '/nonexistent'), { name: 'root', uid: 0, gid: 0 });
});

test('a user that does not exist, and what is no name, are refused in one line', () => {
  assert.throws(() => lookupAccount('no-such-user'), {
    message: 'Cannot find user "no-such-user": no such user',
  });
  for (const name of ['', '-s', 'a:b', 'a b', 'a\nb']) {
    assert.throws(() => lookupAccount(name), { message: `Cannot find user "${name}": not a user name` });
  }
});
