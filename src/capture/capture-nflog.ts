// Who listens on which NFLOG group, and what a netlink socket has lost: what proc(5) tells.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** NETLINK_NETFILTER of linux/netlink.h. */
const NETLINK_NETFILTER = 12;

/** A netlink socket of netfilter's. */
export interface NetlinkSocket {
  /** Chosen by the kernel: the process id, unless the process has another such socket. */
  readonly portId: number;
  readonly inode: number;
  /** Memory taken by messages that were not read yet, in bytes. */
  readonly waiting: number;
  /** Messages lost because the receive buffer was full. */
  readonly drops: number;
}

/** The netlink sockets of netfilter in text of /proc/net/netlink's form. */
export function parseNetlinkSockets(text: string): NetlinkSocket[] {
  // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
  return rows(text)
    .filter(fields => fields.length >= 10 && Number(fields[1]) === NETLINK_NETFILTER)
    .map(fields => ({
      portId: Number(fields[2]),
      waiting: Number(fields[4]),
      drops: Number(fields[8]),
      inode: Number(fields[9]),
    }));
}

/** Port ids by group, from text of /proc/net/netfilter/nfnetlink_log's form. */
export function parseListeners(text: string): Map<number, number> {
  // group, port id, queue length, copy mode, copy range, flush timeout, uses
  return new Map(
    rows(text)
      .filter(fields => fields.length >= 2)
      .map(fields => [Number(fields[0]), Number(fields[1])]),
  );
}

function rows(text: string): string[][] {
  return text.split('\n').map(line => line.trim().split(/\s+/));
}

/** The netlink sockets of netfilter in this network namespace; none where proc(5) does not tell. */
export function readNetlinkSockets(): NetlinkSocket[] {
  return parseNetlinkSockets(read('/proc/net/netlink'));
}

/** Who listens on which group in this network namespace: port ids by group. */
export function readListeners(): Map<number, number> {
  return parseListeners(read('/proc/net/netfilter/nfnetlink_log'));
}

/** Sockets that a process has open, by inode: the descriptor of each. Empty when it is not ours to look at. */
export function socketDescriptors(process: number | 'self'): Map<number, number> {
  const descriptors = new Map<number, number>();
  for (const fd of list(`/proc/${process}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${process}/fd/${fd}`))?.[1];
    if (inode !== undefined) descriptors.set(Number(inode), Number(fd));
  }
  return descriptors;
}

/**
 * Who listens on these groups besides this process: `group 155 is held by greylogd (pid 4711)`. Only root may read who
 * holds which group; others are told who has a socket of that kind at all.
 */
export function describeOwners(groups: readonly number[]): string {
  const descriptors = socketDescriptors('self');
  const sockets = readNetlinkSockets().filter(({ portId, inode }) => portId !== 0 && !descriptors.has(inode));
  const listeners = readListeners();
  const held = groups
    .map(group => ({ group, socket: sockets.find(({ portId }) => portId === listeners.get(group)) }))
    .filter(({ socket }) => socket !== undefined)
    .map(({ group, socket }) => `group ${group} is held by ${describeProcess(socket!)}`);
  if (held.length > 0) return held.join(', ');
  const candidates = sockets.map(describeProcess);
  return candidates.length > 0 ? `perhaps ${candidates.join(' or ')}` : 'it is not known which';
}

function describeProcess(socket: NetlinkSocket): string {
  const pid = findProcess(socket);
  const name = read(`/proc/${pid}/comm`).trim();
  return name === '' ? `a process that is not to be seen (port id ${socket.portId})` : `${name} (pid ${pid})`;
}

/** The process with that socket; by the port id alone where the descriptors of others are not to be seen. */
function findProcess({ portId, inode }: NetlinkSocket): number {
  if (socketDescriptors(portId).has(inode)) return portId;
  const pids = list('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number);
  return pids.find(pid => socketDescriptors(pid).has(inode)) ?? portId;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
