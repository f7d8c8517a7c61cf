import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Exposition } from '../../src/metrics/exposition.js';
import { parseExposition } from './parse-exposition.js';

test('metrics have their help, their type and their samples', () => {
  const exposition = new Exposition();
  exposition.counter('a_total', 'Things, with a \\ and a\nline', 7);
  exposition.gauge('b', 'Others', [
    [{ place: 'here "or" there' }, -1.5],
    [{ place: 'a\\b\nc', more: '' }, Number.POSITIVE_INFINITY],
    [{ place: 'unknown' }, null],
  ]);
  exposition.gauge('c', 'Unknown', null);
  exposition.counter('d_total', 'None', []);
  assert.equal(
    exposition.text,
    [
      '# HELP a_total Things, with a \\\\ and a\\nline',
      '# TYPE a_total counter',
      'a_total 7',
      '# HELP b Others',
      '# TYPE b gauge',
      'b{place="here \\"or\\" there"} -1.5',
      'b{place="a\\\\b\\nc",more=""} +Inf',
      '',
    ].join('\n'),
  );
});

test('samples of the same labels are one: counters are added up, of gauges the first counts', () => {
  const exposition = new Exposition();
  const twice = [
    [{ peer: 'mx2' }, 3],
    [{ peer: 'mx2' }, 4],
  ] as const;
  exposition.counter('a_total', 'Things', twice);
  exposition.gauge('b', 'Others', twice);
  const metrics = parseExposition(exposition.text);
  assert.deepEqual(metrics.get('a_total')!.samples, [{ labels: { peer: 'mx2' }, value: 7 }]);
  assert.deepEqual(metrics.get('b')!.samples, [{ labels: { peer: 'mx2' }, value: 3 }]);
});

test('whatever labels and values there are, the text can be read, and says the same', () => {
  const text = fc.string({ unit: fc.constantFrom('"', '\\', '\n', 'n', '{', '}', ',', '=', ' ', 'ä', '\0') });
  const value = fc.oneof(fc.integer(), fc.double({ noNaN: true }), fc.nat());
  fc.assert(
    fc.property(fc.uniqueArray(text), text, value, (labels, help, one) => {
      const exposition = new Exposition();
      exposition.gauge(
        'a',
        help,
        labels.map(label => [{ label }, one]),
      );
      const metric = parseExposition(exposition.text).get('a');
      assert.equal(metric?.samples.length ?? 0, labels.length);
      metric?.samples.forEach((sample, i) => {
        assert.deepEqual(sample.labels, { label: labels[i] });
        assert.equal(sample.value + 0, one + 0);
      });
    }),
  );
});
