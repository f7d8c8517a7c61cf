// tcpdump(8) as a capture engine: its arguments, and what its lines on standard error mean.

import type { CaptureDevice } from './capture-device.js';
import { isHarmless } from './capture-failure.js';
import { kernelFilter } from './capture-filter.js';
import type { CaptureAccount } from './capture-messages.js';
import { linkTypeOfName } from './link-types.js';

/** What tcpdump is started for. */
export interface TcpdumpRequest {
  readonly device: CaptureDevice;
  readonly ports: readonly number[];
  readonly account?: CaptureAccount;
}

/** KiB of the kernel's ring or socket buffer. */
const KERNEL_BUFFER_KIB = 10 * 1024;

/** tcpdump's arguments; OpenBSD's knows fewer, writes unbuffered by itself, and gives up its privileges by itself. */
export function tcpdumpArguments(request: TcpdumpRequest, platform: NodeJS.Platform): string[] {
  const { device, ports, account } = request;
  const isOpenBsd = platform === 'openbsd';
  const filter = kernelFilter(device, ports);
  return [
    ...['-i', device.name, '-n', '-p', '-s', `${device.snapLength}`, '-w', '-'],
    ...(isOpenBsd ? [] : ['-U', '--immediate-mode', '-B', `${KERNEL_BUFFER_KIB}`]),
    ...(isOpenBsd || account === undefined ? [] : ['-Z', account.name]),
    ...(filter === '' ? [] : [filter]),
  ];
}

/** The signal that makes tcpdump print its counts; undefined where it would kill it. */
export function countsSignal(platform: NodeJS.Platform): NodeJS.Signals | undefined {
  if (platform === 'openbsd') return undefined;
  return platform === 'linux' ? 'SIGUSR1' : 'SIGINFO';
}

/** What a line of tcpdump's standard error tells. */
export type TcpdumpLine =
  /** The device is open and the privileges are dropped; null where the link type has a name that is not known. */
  | { readonly kind: 'listening'; readonly linkType: number | null }
  | { readonly kind: 'dropped'; readonly packets: number }
  /** Why it ends. */
  | { readonly kind: 'error'; readonly text: string };

/** What the line tells, or undefined when that is nothing. */
export function readTcpdumpLine(line: string): TcpdumpLine | undefined {
  if (/\blistening on\b/.test(line)) return { kind: 'listening', linkType: readLinkType(line) };
  const dropped = /(\d+) packets? dropped by kernel/.exec(line);
  if (dropped) return { kind: 'dropped', packets: Number(dropped[1]) };
  if (isHarmless(line) || /^\d+ packets? /.test(line)) return undefined;
  return { kind: 'error', text: line.replace(/^tcpdump: /, '').trim() };
}

/** `link-type PFLOG`; libpcap gives the number of one that it has no name for. */
function readLinkType(line: string): number | null {
  const name = /\blink-type (\w+)/.exec(line)?.[1];
  if (name === undefined) return null;
  return /^\d+$/.test(name) ? Number(name) : (linkTypeOfName(name) ?? null);
}
