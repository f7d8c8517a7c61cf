import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { parseDevice } from '../../src/capture/capture-device.js';
import { kernelFilter } from '../../src/capture/capture-filter.js';

const skip = spawnSync('tcpdump', ['--version']).status !== 0 && 'no tcpdump here';
const PFLOG = 117;
const ETHERNET = 1;
/** Its own number for IPv6 is all that libpcap knows, 1.10's at least. */
const AF_INET6 = { openbsd: 24, netbsd: 24, freebsd: 28, darwin: 30 }[process.platform as string] ?? 10;

/** A packet to be sent through the filter. */
interface Probe {
  readonly action?: number;
  readonly isIpv6?: boolean;
  readonly flags?: number;
  readonly sourcePort?: number;
  readonly port?: number;
  readonly protocol?: number;
  readonly fragmentOffset?: number;
}

function ipPacket(probe: Probe): Buffer {
  const { isIpv6 = false, flags = 0x02, sourcePort = 40_000, port = 25, protocol = 6 } = probe;
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(sourcePort, 0);
  tcp.writeUInt16BE(port, 2);
  tcp.writeUInt8(0x50, 12);
  tcp.writeUInt8(flags, 13);
  const ip = Buffer.alloc(isIpv6 ? 40 : 20);
  if (isIpv6) {
    ip.writeUInt8(0x60, 0);
    ip.writeUInt16BE(20, 4);
    ip.writeUInt8(protocol, 6);
  } else {
    ip.writeUInt8(0x45, 0);
    ip.writeUInt16BE(40, 2);
    ip.writeUInt16BE(probe.fragmentOffset ?? 0, 6);
    ip.writeUInt8(protocol, 9);
  }
  return Buffer.concat([ip, tcp]);
}

/** OpenBSD's header of 100 bytes, with the number that this system has for IPv6, as its own log would. */
function pflogRecord(probe: Probe): Buffer {
  const header = Buffer.alloc(100);
  header.writeUInt8(100, 0);
  header.writeUInt8(probe.isIpv6 ? AF_INET6 : 2, 1);
  header.writeUInt8(probe.action ?? 0, 2);
  header.writeUInt8(1, 60);
  return Buffer.concat([header, ipPacket(probe)]);
}

function ethernetFrame(probe: Probe): Buffer {
  const header = Buffer.alloc(14);
  header.writeUInt16BE(probe.isIpv6 ? 0x86dd : 0x0800, 12);
  return Buffer.concat([header, ipPacket(probe)]);
}

function pcapFile(linkType: number, packet: Buffer): Buffer {
  const header = Buffer.alloc(40);
  [0xa1b2c3d4, 0x00040002, 0, 0, 65_535, linkType, 1, 0, packet.length, packet.length].forEach((word, i) => {
    header.writeUInt32LE(word, 4 * i);
  });
  return Buffer.concat([header, packet]);
}

/** Whether libpcap, by way of tcpdump, lets the packet through. */
function passes(name: string, probe: Probe, ports = [25]): boolean {
  const device = parseDevice(name);
  const isPflog = device.kind === 'pflog';
  const input = pcapFile(isPflog ? PFLOG : ETHERNET, isPflog ? pflogRecord(probe) : ethernetFrame(probe));
  const filter = kernelFilter(device, ports);
  const { status, stdout, stderr } = spawnSync('tcpdump', ['-n', '-r', '-', '-w', '-', filter], { input });
  assert.equal(status, 0, stderr.toString());
  return stdout.length > 24;
}

for (const name of ['pflog0', 'veth0']) {
  test(`the beginning of a connection passes, IPv4 and IPv6 (${name})`, { skip }, () => {
    for (const isIpv6 of [false, true]) {
      assert.equal(passes(name, { isIpv6 }), true);
      assert.equal(passes(name, { isIpv6, flags: 0xc2 }), true, 'ECN');
      assert.equal(passes(name, { isIpv6, port: 587 }, [25, 587]), true);
    }
    assert.equal(passes(name, { fragmentOffset: 0x2000 }), true, 'first fragment');
  });

  test(`what is no beginning of a connection to the port is dropped (${name})`, { skip }, () => {
    for (const isIpv6 of [false, true]) {
      assert.equal(passes(name, { isIpv6, flags: 0x12 }), false, 'SYN and ACK');
      assert.equal(passes(name, { isIpv6, flags: 0x10 }), false, 'ACK');
      assert.equal(passes(name, { isIpv6, port: 80 }), false);
      assert.equal(passes(name, { isIpv6, port: 80, sourcePort: 25 }), false, 'from port 25');
      assert.equal(passes(name, { isIpv6, protocol: 17 }), false, 'UDP');
    }
    assert.equal(passes(name, { fragmentOffset: 1 }), false, 'later fragment');
  });

  test(`IPv6 with extension headers is left for the policy to judge (${name})`, { skip }, () => {
    for (const protocol of [0, 43, 44, 51, 60]) assert.equal(passes(name, { isIpv6: true, protocol }), true);
    assert.equal(passes(name, { isIpv6: true, protocol: 58 }), false, 'ICMPv6');
  });
}

test('of pflog only what the firewall passed gets through', { skip }, () => {
  for (const action of [1, 8, 12]) {
    assert.equal(passes('pflog0', { action }), false);
    assert.equal(passes('pflog0', { action, isIpv6: true }), false);
    assert.equal(passes('pflog0', { action, isIpv6: true, protocol: 44 }), false);
  }
});

test('NFLOG has no filter: none can be compiled for it', () => {
  assert.equal(kernelFilter(parseDevice('nflog:1'), [25]), '');
});
