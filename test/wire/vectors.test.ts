import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PrefixSet } from '../../src/address/prefix.js';
import { judge } from '../../src/policy/judge.js';
import { decodeRecord } from '../../src/wire/record.js';
import { linkTypeProblem } from '../../src/wire/savefile-problem.js';

const PATH = '../shared/captures/vectors.json';

interface Vector {
  readonly name: string;
  readonly linktype: number;
  readonly hex: string;
  readonly origlen: number;
  readonly fileByteOrder?: string;
  readonly expected: Readonly<Record<string, unknown>>;
  readonly sighting: string | null;
}

const HEADER_FIELDS = [
  ...['length', 'payloadOffset', 'af', 'action', 'reason', 'ifname', 'ruleset', 'rulenr', 'subrulenr', 'dir'],
  ...['uid', 'pid', 'ridentifier', 'rewritten', 'naf', 'saddr', 'daddr', 'sport', 'dport'],
  ...['family', 'hook', 'prefix', 'indev', 'outdev'],
];
const RENAMED = { rule_uid: 'ruleUid', rule_pid: 'rulePid' } as const;

const POLICY = { inboundOnly: false, ports: [25], ignore: new PrefixSet([]) };

/** What of the expected fields is known, under the names that the decoder has for them. */
function expectedHeader(expected: Vector['expected']): Record<string, unknown> {
  const names = [...HEADER_FIELDS.map(name => [name, name] as const), ...Object.entries(RENAMED)];
  return Object.fromEntries(
    names.flatMap(([from, to]) => (expected[from] == null ? [] : [[to, expected[from]]])),
  );
}

/** Those fields of an object that another one has. */
function pick(from: object | undefined, like: object): object {
  return Object.fromEntries(Object.keys(like).map(key => [key, from?.[key as never]]));
}

const skip = existsSync(PATH) ? false : `${PATH} is not here`;
const vectors: Vector[] = skip ? [] : JSON.parse(readFileSync(PATH, 'utf8'));

test('the vectors are there', { skip }, () => {
  assert.equal(vectors.length, 60);
});

for (const vector of vectors) {
  const { name, linktype, expected } = vector;
  test(`vector ${name}`, () => {
    if (linktype === 17) {
      assert.equal(linkTypeProblem(linktype)?.kind, 'link-type');
      return;
    }
    const bytes = Buffer.from(vector.hex, 'hex');
    const record = decodeRecord(linktype, bytes, vector.origlen, vector.fileByteOrder !== 'big');
    const header = expectedHeader(expected);
    assert.deepEqual(pick(record.pflog ?? record.nflog, header), header);
    const { src, dst } = (expected['ip'] ?? {}) as { src?: string; dst?: string };
    const addresses = { ...(src && { src }), ...(dst && { dst }) };
    assert.deepEqual(pick(record.packet, addresses), addresses);
    const tcp = (expected['tcp'] ?? {}) as object;
    assert.deepEqual(pick(record.packet?.tcp, tcp), tcp);
    const verdict = judge(record, POLICY);
    assert.equal('sighting' in verdict ? verdict.sighting.address : null, vector.sighting);
  });
}
