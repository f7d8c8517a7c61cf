import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArgv } from '../../src/options/argv.js';

function parsed(...argv: string[]): {
  options: Record<string, readonly string[]>;
  operands: readonly string[];
} {
  const { options, operands } = parseArgv(argv);
  return { options: Object.fromEntries(options), operands };
}

function refuses(argv: string[], message: string): void {
  assert.throws(() => parseArgv(argv), { name: 'UsageError', isConfig: false, message });
}

test('letters stand alone, with their value behind them, or with it in the next word', () => {
  assert.deepEqual(parsed('-I').options, { 'inbound-only': ['true'] });
  assert.deepEqual(parsed('-W36').options, { whiteexp: ['36'] });
  assert.deepEqual(parsed('-W', '36').options, { whiteexp: ['36'] });
  assert.deepEqual(parsed('-iem0').options, { interface: ['em0'] });
  assert.deepEqual(parsed('-i', 'em0').options, { interface: ['em0'] });
});

test('letters are clustered as getopt(3) reads them', () => {
  const both = { 'dry-run': ['true'], 'inbound-only': ['true'] };
  assert.deepEqual(parsed('-nI').options, both);
  assert.deepEqual(parsed('-nIi', 'em0', 'f').options, { ...both, interface: ['em0'] });
  assert.deepEqual(parsed('-nIiem0', 'f').options, { ...both, interface: ['em0'] });
  assert.deepEqual(parsed('-nIW36', 'f').options, { ...both, whiteexp: ['36'] });
  assert.deepEqual(parsed('-nIiW36').options, { ...both, interface: ['W36'] });
});

test('a value is taken as it is, whatever it looks like', () => {
  assert.deepEqual(parsed('-i-n', '-W', '-5', '-i', '-').options, {
    interface: ['-n', '-'],
    whiteexp: ['-5'],
  });
  assert.deepEqual(parsed('--database=--json').options, { database: ['--json'] });
  assert.deepEqual(parsed('--database=a=b', '--database', '"q"').options, { database: ['a=b', '"q"'] });
  assert.deepEqual(parsed('--database=').options, { database: [''] });
});

test('long options take their value behind = or in the next word', () => {
  assert.deepEqual(parsed('--whiteexp=36', '--interface', 'em0', '--json', 'f'), {
    options: { whiteexp: ['36'], interface: ['em0'], json: ['true'] },
    operands: ['f'],
  });
});

test('an option given several times keeps all its texts in order', () => {
  assert.deepEqual(parsed('-W1', '--whiteexp', '2', '-W', '3').options, { whiteexp: ['1', '2', '3'] });
});

test('a flag may be said to be true or false, and takes no operand for its value', () => {
  assert.deepEqual(parsed('--json=false', '--strict=true').options, { json: ['false'], strict: ['true'] });
  assert.deepEqual(parsed('--json', 'true', 'false'), {
    options: { json: ['true'] },
    operands: ['true', 'false'],
  });
  refuses(['--json=yes'], 'option "--json" takes no value, or true or false, not "yes"');
});

test('operands and options come in any order, and -- ends the options', () => {
  assert.deepEqual(parsed('replay', 'a', '-I', 'b', '--', '-W', '--json', '--', 'c'), {
    options: { 'inbound-only': ['true'] },
    operands: ['replay', 'a', 'b', '-W', '--json', '--', 'c'],
  });
});

test('a single - is an operand, and so are numbers and the empty word', () => {
  assert.deepEqual(parsed('-', '0x10', '', '1e3').operands, ['-', '0x10', '', '1e3']);
});

test('unknown long options are refused, with the nearest known one', () => {
  refuses(['--databse', 'x'], 'unknown option "--databse"; did you mean "--database"?');
  refuses(['--data=x'], 'unknown option "--data"; did you mean "--database"?');
  refuses(['--no-json'], 'unknown option "--no-json"; did you mean "--json"?');
  refuses(['--frobnicate'], 'unknown option "--frobnicate"');
  for (const name of ['toString', 'constructor', '__proto__', '']) {
    assert.throws(() => parseArgv([`--${name}=1`]), /^UsageError: unknown option/, name);
  }
});

test('unknown letters are refused, with the long option that was meant', () => {
  refuses(['-x'], 'unknown option "-x"');
  refuses(['-Ix'], 'unknown option "-x" in "-Ix"');
  refuses(['-database', 'x'], 'unknown option "-d" in "-database"; did you mean "--database"?');
});

test('an option without its value is refused', () => {
  refuses(['-W'], 'option "-W" needs a value (HOURS)');
  refuses(['-nW'], 'option "-W" needs a value (HOURS)');
  refuses(['--whiteexp'], 'option "--whiteexp" needs a value (HOURS)');
  refuses(['--database', '--json'], 'option "--database" needs a value (PATH)');
  refuses(['--database', '--', 'x'], 'option "--database" needs a value (PATH)');
});
