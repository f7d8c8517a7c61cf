import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PrefixSet } from '../../src/address/prefix.js';
import type { SavefileErrorCode } from '../../src/capture/savefile-error.js';
import { judge } from '../../src/policy/judge.js';
import { decodeRecord } from '../../src/wire/record.js';
import { scan } from './scan.js';

const ROOT = '../shared/captures';
const POLICY = { inboundOnly: false, ports: [25], ignore: new PrefixSet([]) };

/** How many records a file has and how it ends, where that is not one record and simply the end. */
const EXPECTED: Readonly<Record<string, readonly [number, SavefileErrorCode?]>> = {
  'arkime-nflog.pcap': [10],
  'scapy-pcap_pflog_icmp.pcap': [0, 'truncated'],
  'scapy-pcap_pflog_udp.pcap': [0, 'truncated'],
  'tcpdump-nflog.pcap': [4],
  'zeek-nflog-http.pcap': [13],
  'all-117.pcap': [43],
  'caplen-huge.pcap': [0, 'corrupt'],
  'concatenated.pcap': [4],
  'dlt17-old.pcap': [0, 'link-type'],
  'empty-header-only.pcap': [0],
  'openbsd-le-usec.pcap': [2],
  'pflog-trunc.pcapng': [0, 'truncated'],
  'pflog.0.gz': [2],
  'trunc-data.pcap': [1, 'truncated'],
  'trunc-filehdr.pcap': [0, 'truncated'],
  'trunc-rechdr.pcap': [1, 'truncated'],
  'version-2-3.pcap': [0],
  'zero-byte.pcap': [0, 'empty'],
};

/** Whom the sightings of a file are of; the records of all others are ordinary inbound connections of one host. */
const SIGHTINGS: Readonly<Record<string, readonly string[]>> = {
  'syn-61-out.pcap': ['203.0.113.9'],
  'syn-100-openbsd69-natto-out.pcap': ['203.0.113.9'],
  'syn-61-netbsd-ipv6.pcap': ['2001:db8::7'],
  'syn-61-freebsd-ipv6.pcap': ['2001:db8::7'],
  'syn-61-darwin-ipv6.pcap': ['2001:db8::7'],
  'syn-100-openbsd-afto-64.pcap': ['2001:db8::7'],
  'syn-61-block.pcap': [],
  'syn-61-rdr-action.pcap': [],
  'syn-100-openbsd69-rdrto-spamd.pcap': [],
  'syn-100-openbsd49-68-rdrto-spamd.pcap': [],
  'syn-100-openbsd-match-action.pcap': [],
  'syn-100-openbsd-pass-ipoption.pcap': [],
  'syn-100-synack.pcap': [],
  'syn-100-fragment.pcap': [],
  'syn-100-sport25.pcap': [],
  'syn-100-caplen116.pcap': [],
  'syn-100-caplen99.pcap': [],
  'snap116-hdr100.pcap': [],
  'syn-len44.pcap': [],
  'syn-len255.pcap': [],
};

for (const folder of ['real', 'synthetic']) {
  const path = join(ROOT, folder);
  if (!existsSync(path)) {
    test(`the captures of ${path}`, { skip: `${path} is not here` }, () => {});
    continue;
  }
  for (const file of readdirSync(path)) {
    test(`${folder} capture ${file}`, async () => {
      const [count, code] = EXPECTED[file] ?? [1];
      const { records, error } = await scan(join(path, file));
      assert.equal(records.length, count);
      assert.equal(error?.code, code);
      const sightings = records.flatMap(({ linkType, bytes, originalLength, isLittleEndian }) => {
        const verdict = judge(decodeRecord(linkType, bytes, originalLength, isLittleEndian), POLICY);
        return 'sighting' in verdict ? [verdict.sighting.address] : [];
      });
      if (file === 'all-117.pcap') assert.equal(sightings.length, 21);
      else if (folder === 'real') assert.deepEqual(sightings, []);
      else assert.deepEqual(sightings, SIGHTINGS[file] ?? records.map(() => '198.51.100.7'));
    });
  }
}
