import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestName, unknownName } from '../../src/options/nearest.js';

const NAMES = ['replay', 'explain', 'query', 'list', 'add', 'delete', 'trap'];

test('the nearest name is the one with the fewest letters to change', () => {
  const meant: Record<string, string> = { repaly: 'replay', lst: 'list', querry: 'query', lsit: 'list' };
  for (const [typed, name] of Object.entries(meant)) {
    assert.equal(nearestName(typed, NAMES), name, typed);
  }
});

test('the beginning of one name only is that name', () => {
  assert.equal(nearestName('exp', NAMES), 'explain');
  assert.equal(nearestName('interf', ['interface', 'interval']), 'interface');
});

test('the beginning of several names is told by its letters like any other', () => {
  assert.equal(nearestName('ignor', ['ignore', 'ignore-file']), 'ignore');
});

test('upper and lower case are the same', () => {
  assert.equal(nearestName('QUERY', NAMES), 'query');
  assert.equal(nearestName('Expl', NAMES), 'explain');
});

test('the nearest of all where any will do', () => {
  assert.equal(nearestName('frobnicate', NAMES, true), 'replay');
  assert.equal(nearestName('x', [], true), undefined);
});

test('nothing is near a name that is far from all', () => {
  assert.equal(nearestName('frobnicate', NAMES), undefined);
  assert.equal(nearestName('--x', ['--at', '--port']), undefined);
  assert.equal(nearestName('', []), undefined);
});

test('the message names the unknown one, and the nearest where there is one', () => {
  assert.equal(unknownName('command', 'repaly', NAMES), 'unknown command "repaly"; did you mean "replay"?');
  assert.equal(unknownName('command', 'frobnicate', NAMES), 'unknown command "frobnicate"');
});
