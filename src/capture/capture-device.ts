// What `-l` may name for a live capture: a pflog(4) interface, NFLOG groups, or another interface.

/** A device as libpcap knows it. */
export interface CaptureDevice {
  /** Its name for libpcap: `pflog0`, `nflog:155,255`. */
  readonly name: string;
  readonly kind: 'pflog' | 'nflog' | 'interface';
  /** NFLOG groups, in the order given; empty for an interface. */
  readonly groups: readonly number[];
  /** Bytes captured of a packet. */
  readonly snapLength: number;
}

/**
 * pflog's header has at most 100 bytes, an IPv4 header 60, and of TCP the flags at byte 13 are read last; slots of this
 * size let thousands of packets wait in the kernel's ring where those for whole packets would let 160.
 */
const INTERFACE_SNAP_LENGTH = 256;

/**
 * On NFLOG the length is that of libpcap's receive buffer, which the kernel fills with as many packets as the rule's
 * `queue-threshold` lets wait; where they do not fit they are lost, and 256 makes libpcap spin for ever.
 */
const NFLOG_SNAP_LENGTH = 65_535;

/** libpcap's limit (pcap-netfilter-linux.c). */
const MAXIMUM_GROUPS = 32;

/** IFNAMSIZ of net/if.h, less the NUL. */
const MAXIMUM_NAME = 15;

/**
 * The device of that name.
 *
 * @throws Error when it cannot be the name of one.
 */
export function parseDevice(name: string): CaptureDevice {
  if (name.startsWith('nflog')) return parseNflog(name);
  if (!/^[A-Za-z0-9][\w.:-]*$/.test(name) || name.length > MAXIMUM_NAME) {
    throw new Error(`Cannot capture on "${name}": not the name of an interface`);
  }
  const kind = /^pflog\d+$/.test(name) ? 'pflog' : 'interface';
  return { name, kind, groups: [], snapLength: INTERFACE_SNAP_LENGTH };
}

function parseNflog(name: string): CaptureDevice {
  const list = /^nflog:(\d{1,5}(?:,\d{1,5})*)$/.exec(name)?.[1];
  if (list === undefined) throw new Error(`Cannot capture on "${name}": want nflog:GROUP[,GROUP]`);
  const groups = list.split(',').map(Number);
  if (groups.some(group => group > 0xffff)) {
    throw new Error(`Cannot capture on "${name}": a group is at most 65535`);
  }
  if (new Set(groups).size < groups.length) {
    throw new Error(`Cannot capture on "${name}": a group is named twice`);
  }
  if (groups.length > MAXIMUM_GROUPS) {
    throw new Error(`Cannot capture on "${name}": at most ${MAXIMUM_GROUPS} groups`);
  }
  return { name: `nflog:${groups.join(',')}`, kind: 'nflog', groups, snapLength: NFLOG_SNAP_LENGTH };
}
