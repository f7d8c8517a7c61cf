// The commonest records of all, judged in one tight loop: IPv4 over TCP in a classic pflog capture. It gives the same
// answers as screen.ts, and stops at any record that is not as plain as that.

import { DIRECTION } from '../whitelist/batch.js';
import { packOrigin, SIGHTING_FIELD } from '../whitelist/sighting-block.js';
import type { PcapWindow } from '../wire/pcap.js';
import { MAXIMUM_CAPTURED as LONGEST } from '../wire/record-cursor.js';
import type { Policy } from './policy.js';
import { REASON_NUMBER } from './reason.js';
import type { RuleTable } from './rule-table.js';

// V8 takes a module's own constants for what they are, but looks imported ones up again for every record.
const MAXIMUM_CAPTURED = LONGEST;
const { origin: ORIGIN, time: TIME, address: ADDRESS, stride: STRIDE } = SIGHTING_FIELD;
const { in: IN, out: OUT } = DIRECTION;
const {
  blocked: BLOCKED,
  'not-opening': NOT_OPENING,
  'not-tcp': NOT_TCP,
  'other-port': OTHER_PORT,
} = REASON_NUMBER;

/** Where things are, from pcap.ts, pflog.ts, ip.ts and tcp.ts; a property test holds this loop against the judge. */
const LANE = {
  recordHeader: 16,
  captured: 8,
  magicStart: 0xa1b2,
  swappedMagicEnd: 0xb2a1,
  length: 0,
  af: 1,
  action: 2,
  reason: 3,
  rewritten: 61,
  minimumWithDirectionAt60: 61,
  direction: 60,
  ipFragment: 6,
  ipProtocol: 9,
  ipSource: 12,
  ipDestination: 16,
  ipSize: 20,
  tcpDestinationPort: 2,
  tcpFlags: 13,
  tcpSize: 14,
} as const;

/** Judges plain records; what is counted is added to by the owner's arrays. */
export class FastLane {
  /** A bit a port: so few bytes that they stay in the processor's nearest cache. */
  readonly #mailPorts = new Uint8Array(8192);
  /** Sightings are left to the screen when the policy asks more of them than this loop knows. */
  readonly #judgesSightings: boolean;
  readonly #rules: RuleTable;
  /** First and last time of a record seen here, in seconds since the epoch. */
  first: number = Number.POSITIVE_INFINITY;
  last: number = Number.NEGATIVE_INFINITY;
  /** Inbound sightings. */
  inbound = 0;

  constructor(policy: Policy, rules: RuleTable) {
    this.#rules = rules;
    for (const port of policy.ports) this.#mailPorts[port >> 3]! |= 1 << (port & 7);
    const { inboundOnly, interface: only, ignore, mailServers, guard } = policy;
    this.#judgesSightings = !inboundOnly && !only && ignore.size === 0 && !mailServers && !guard;
  }

  /**
   * Judges plain records from the window's `at` on, and moves it to the first that is not plain, or does not fit.
   * @param counts counts by reason number
   * @param block takes the sightings; the loop stops when it is full
   * @param from where in the block to begin
   * @returns where in the block the sightings end
   */
  run(window: PcapWindow, counts: Float64Array, block: Int32Array, from: number): number {
    const { bytes, view, end, isLittleEndian } = window;
    const mailPorts = this.#mailPorts;
    const judgesSightings = this.#judgesSightings;
    const rules = this.#rules;
    const full = block.length - STRIDE;
    let to = from;
    let at = window.at;
    let { first, last } = this;
    let inbound = 0;
    let otherPort = 0;
    let notTcp = 0;
    let notOpening = 0;
    let blocked = 0;
    while (to <= full) {
      const header = at + LANE.recordHeader;
      if (header > end) break;
      const captured = view.getUint32(at + LANE.captured, isLittleEndian);
      const next = header + captured;
      if (next > end || captured > MAXIMUM_CAPTURED) break;
      // Where a time is expected, another capture may begin: its magic, in this byte order or the other.
      const time = view.getUint32(at, isLittleEndian);
      if (time >>> 16 === LANE.magicStart || (time & 0xffff) === LANE.swappedMagicEnd) break;
      const length = bytes[header]!;
      const ip = header + ((length + 3) & ~3);
      if (length < LANE.minimumWithDirectionAt60 || ip + LANE.ipSize > next) break;
      const first4 = bytes[ip]!;
      if (bytes[header + LANE.af] !== 2 || first4 >> 4 !== 4 || first4 < 0x45) break;
      if (bytes[ip + LANE.ipProtocol] !== 6) notTcp++;
      else {
        const tcp = ip + (first4 & 15) * 4;
        if ((view.getUint16(ip + LANE.ipFragment) & 0x1fff) !== 0 || tcp + LANE.tcpSize > next) break;
        if (length >= 100 && bytes[header + LANE.rewritten] !== 0) break;
        const port = view.getUint16(tcp + LANE.tcpDestinationPort);
        if ((mailPorts[port >> 3]! & (1 << (port & 7))) === 0) otherPort++;
        else if ((bytes[tcp + LANE.tcpFlags]! & 0x12) !== 0x02) notOpening++;
        else if (bytes[header + LANE.action] === 1) blocked++;
        else {
          const direction = bytes[header + LANE.direction]!;
          const isPlain = bytes[header + LANE.action] === 0 && bytes[header + LANE.reason] === 0;
          if (!judgesSightings || !isPlain || (direction !== IN && direction !== OUT)) break;
          if (direction === IN) inbound++;
          block[to + ORIGIN] = packOrigin(rules.pflogRule(bytes, view, header, direction), direction);
          block[to + TIME] = time;
          block[to + ADDRESS] = view.getInt32(ip + (direction === IN ? LANE.ipSource : LANE.ipDestination));
          to += STRIDE;
        }
      }
      if (time < first) first = time;
      if (time > last) last = time;
      at = next;
    }
    window.at = at;
    this.first = first;
    this.last = last;
    this.inbound += inbound;
    counts[OTHER_PORT]! += otherPort;
    counts[NOT_TCP]! += notTcp;
    counts[NOT_OPENING]! += notOpening;
    counts[BLOCKED]! += blocked;
    counts[0]! += (to - from) / STRIDE;
    return to;
  }
}
