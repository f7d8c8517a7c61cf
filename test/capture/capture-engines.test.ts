import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseEngines } from '../../src/capture/capture-engines.js';

test('auto means whatever is installed, npm pcap before npm cap before tcpdump', () => {
  assert.deepEqual(
    chooseEngines('auto', () => true),
    ['pcap', 'cap', 'tcpdump'],
  );
  assert.deepEqual(
    chooseEngines('auto', engine => engine === 'tcpdump'),
    ['tcpdump'],
  );
});

test('an engine asked for by name is the only one, installed or not', () => {
  assert.deepEqual(
    chooseEngines('cap', () => false),
    ['cap'],
  );
});

test('where nothing is installed the error says what to install', () => {
  assert.throws(
    () => chooseEngines('auto', () => false),
    /^Error: Cannot capture: no engine is installed; install libpcap's headers .* or install tcpdump/,
  );
});
