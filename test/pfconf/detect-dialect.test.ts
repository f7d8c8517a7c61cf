import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectDialect } from '../../src/pfconf/detect-dialect.js';
import { fixtureNames, fixtureText } from './fixtures.js';

test('translation rules of their own are FreeBSD', () => {
  for (const line of [
    'rdr on em0 -> ::1',
    ' no rdr on em0',
    'nat-anchor "x"',
    '@3 nat on em0 -> (em0)',
    'scrub in all',
    'pass in quick on em0 reply-to (em0 192.0.2.1) inet proto tcp',
    '@3 pass out log route-to (em0 192.0.2.1) inet all',
  ]) {
    assert.equal(detectDialect(`pass\n${line}\n`), 'freebsd', line);
  }
  for (const line of [
    'pass in rdr-to ::1',
    '# rdr on em0',
    'match in scrub (no-df)',
    'natural = "x"',
    'match in all \\\n\tscrub (no-df)',
    'pass in on em0 all reply-to 192.0.2.1@em0',
  ]) {
    assert.equal(detectDialect(`pass\n${line}\n`), 'openbsd', line);
  }
});

test('every ruleset is told apart that only one of them can read', () => {
  for (const name of fixtureNames()) {
    const isFreebsd = /^(?:freebsd-(?!divert))/.test(name);
    assert.equal(detectDialect(fixtureText(name)), isFreebsd ? 'freebsd' : 'openbsd', name);
  }
});
