import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatWords } from '../../src/address/address.js';
import { PrefixSet } from '../../src/address/prefix.js';
import { Pipeline } from '../../src/daemon/pipeline.js';
import { judge } from '../../src/policy/judge.js';
import type { Policy } from '../../src/policy/policy.js';
import { isMalformed } from '../../src/policy/reason.js';
import type { LogRule } from '../../src/whitelist/batch.js';
import { originDirection, originRule, readSightings } from '../../src/whitelist/sighting-block.js';
import { decodeRecord } from '../../src/wire/record.js';
import { SavefileParser } from '../../src/wire/savefile-parser.js';
import { anyPolicy } from '../policy/arbitrary-policy.js';
import { anyRecord, KNOWN_RECORDS, type RawRecord } from '../wire/arbitrary-record.js';

const PFLOG = 117;

interface Seen {
  readonly address: string;
  readonly time: number;
  readonly direction: number;
  readonly rule: LogRule;
}

interface Findings {
  readonly sightings: readonly Seen[];
  readonly ignored: Record<string, number>;
  readonly packets: number;
  readonly malformed: number;
  readonly inbound: number;
  readonly first: number | undefined;
  readonly last: number | undefined;
}

interface Timed extends RawRecord {
  readonly seconds: number;
}

/** What the judge says of the records, one at a time. */
function expectedOf(records: readonly Timed[], policy: Policy, isLittleEndian: boolean): Findings {
  const sightings: Seen[] = [];
  const ignored: Record<string, number> = {};
  let malformed = 0;
  for (const { seconds, bytes, originalLength } of records) {
    const verdict = judge(decodeRecord(PFLOG, bytes, originalLength, isLittleEndian), policy);
    if ('sighting' in verdict) {
      const { address, direction, rule } = verdict.sighting;
      sightings.push({ address, time: seconds, direction: direction === 'in' ? 1 : 2, rule });
    } else if (isMalformed(verdict.ignored)) malformed++;
    else ignored[verdict.ignored] = (ignored[verdict.ignored] ?? 0) + 1;
  }
  const times = records.map(({ seconds }) => seconds);
  return {
    sightings,
    ignored,
    packets: records.length,
    malformed,
    inbound: sightings.filter(({ direction }) => direction === 1).length,
    first: times.length > 0 ? Math.min(...times) : undefined,
    last: times.length > 0 ? Math.max(...times) : undefined,
  };
}

/** What the pipeline finds in a capture file that comes in pieces. */
function found(pieces: readonly Uint8Array[], policy: Policy): Findings {
  const blocks: Int32Array[] = [];
  const pipeline = new Pipeline(policy, (words, end) => blocks.push(words.slice(0, end)));
  const parser = new SavefileParser();
  for (const piece of pieces) {
    parser.feed(piece.slice());
    pipeline.drain(parser);
  }
  parser.finish();
  assert.equal(parser.problem, undefined);
  const rules = pipeline.takeRules();
  const sightings = blocks.flatMap(block =>
    [...readSightings(block)].map(({ address, time, origin }) => ({
      address: formatWords(...address),
      time,
      direction: originDirection(origin),
      rule: rules[originRule(origin)]!,
    })),
  );
  const { packets, ignored, malformed, inbound, first, last } = pipeline.counts();
  assert.equal(pipeline.counts().sightings, sightings.length);
  return { sightings, ignored, packets, malformed, inbound, first, last };
}

/** A capture file; a second file header, as of two files in one, stands before record `second`. */
function captureFile(records: readonly Timed[], isLittleEndian: boolean, second: number): Buffer {
  const head = words([0xa1b2c3d4, 0, 0, 0, 65_535, PFLOG], isLittleEndian);
  if (isLittleEndian) Buffer.of(2, 0, 4, 0).copy(head, 4);
  else Buffer.of(0, 2, 0, 4).copy(head, 4);
  const parts = records.flatMap(({ seconds, bytes, originalLength }, i) => [
    ...(i === second ? [head] : []),
    words([seconds, 5, bytes.length, originalLength], isLittleEndian),
    bytes,
  ]);
  return Buffer.concat([head, ...parts]);
}

function words(values: readonly number[], isLittleEndian: boolean): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    if (isLittleEndian) bytes.writeUInt32LE(value, 4 * i);
    else bytes.writeUInt32BE(value, 4 * i);
  });
  return bytes;
}

/** Cuts at the given places, wherever they fall. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map(place => place % bytes.length))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

/** Among them times whose first or last bytes look like those of a file's magic. */
const seconds = fc.oneof(
  fc.integer({ min: 1_700_000_000, max: 1_700_000_300 }),
  fc.constantFrom(0, 0x7fffffff, 0x80000000, 0xffffffff, 0x655000a1, 0x6550b2a1, 0xa1000000, 0xa1b20000),
);

const records = fc.array(
  fc
    .tuple(
      fc.oneof(
        anyRecord.filter(({ linkType }) => linkType === PFLOG),
        fc.constantFrom(...KNOWN_RECORDS.filter(({ linkType }) => linkType === PFLOG)),
      ),
      seconds,
    )
    .map(([record, time]): Timed => ({ ...record, seconds: time })),
  { maxLength: 40 },
);

/** The policy of no options, under which the fast lane does all by itself, as often as all others together. */
const policies = fc.oneof(
  fc.constant<Policy>({ inboundOnly: false, ports: [25], ignore: new PrefixSet([]) }),
  anyPolicy,
);

test('of a capture file, cut anywhere, the pipeline makes what the judge says of each record', () => {
  fc.assert(
    fc.property(
      records,
      policies,
      fc.boolean(),
      fc.array(fc.nat(20_000), { maxLength: 12 }),
      fc.nat(60),
      (timed, policy, isLittleEndian, places, second) => {
        const file = captureFile(timed, isLittleEndian, second);
        assert.deepEqual(found(cut(file, places), policy), expectedOf(timed, policy, isLittleEndian));
      },
    ),
    { numRuns: 1500 },
  );
});

test('more sightings than a block holds are all handed on, in their order', () => {
  const plain = KNOWN_RECORDS.filter(({ linkType }) => linkType === PFLOG);
  const policy: Policy = { inboundOnly: false, ports: [25], ignore: new PrefixSet([]) };
  const timed = Array.from({ length: 60_000 }, (_, i) => ({ ...plain[i % plain.length]!, seconds: i }));
  const findings = found([captureFile(timed, true, -1)], policy);
  assert.ok(findings.sightings.length > 20_000);
  assert.deepEqual(findings, expectedOf(timed, policy, true));
});
