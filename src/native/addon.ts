// The one file that loads the native addon: the system calls that Node lacks, built from native-bindings/.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** flock(2) operations; the same numbers on every system. */
export const LOCK = { shared: 1, exclusive: 2, unlock: 8 } as const;

/**
 * What the addon exports. A failed system call throws an Error with Node's `code` (`EBADF`) and `syscall`; a call that
 * this system does not have returns false where that is said.
 */
export interface Addon {
  /** flock(2) without waiting: false when another open file holds the lock. `operation` is one of {@link LOCK}. */
  tryFlock(fd: number, operation: number): boolean;
  /**
   * openlog(3) with LOG_PID and LOG_NDELAY, and a thread that sends the lines. `facility` is syslog.h's number; at most
   * `limit` lines wait. Closes what was open before.
   */
  openSyslog(ident: string, facility: number, limit: number): void;
  /** Queues a line for syslog(3): false when too many wait, or none is open. */
  writeSyslog(priority: number, text: string): boolean;
  /** Waits at most that long; whether syslogd then has every line. */
  drainSyslog(milliseconds: number): boolean;
  /** Sends what waits, for at most three seconds; the end of the process does the same. */
  closeSyslog(): void;
  /** One datagram to a unix socket, never waiting; a path that begins with `@` is in Linux's abstract namespace. */
  sendDatagram(path: string, text: string): void;
  /**
   * A pipe for {@link Addon.bindLifeline}: the end to bind and hand down, and the end to keep. Children inherit neither
   * by themselves. False where this system knows no such pipe.
   */
  openLifeline(): readonly [number, number] | false;
  /** Has the kernel kill that process as soon as the end that was kept is closed, if it has the other one open. */
  bindLifeline(fd: number, pid: number): boolean;
  /** write(2), never waiting; gives how many bytes were taken, 0 when there is no room. */
  writeNow(fd: number, bytes: Uint8Array): number;
  /** BIOCLOCK of bpf(4); false where there is none. */
  lockBpf(fd: number): boolean;
  /** NETLINK_NO_ENOBUFS of netlink(7); false where there is none. */
  ignoreOverrun(fd: number): boolean;
  /** SO_RCVBUFFORCE of socket(7), which needs CAP_NET_ADMIN; false where there is none. */
  forceReceiveBuffer(fd: number, bytes: number): boolean;
}

/** Where `npm run build:native` puts it. */
const ADDON_FILE = fileURLToPath(
  new URL('../../../native-bindings/build/Release/spamlogd.node', import.meta.url),
);

let loaded: Addon | undefined;

/**
 * The addon, loaded when first asked for.
 *
 * @param feature what needs it, for the error: `Cannot use syslog: …`
 * @throws Error that says what to do when the addon was not built, or was built for another Node.
 */
export function loadAddon(feature: string): Addon {
  if (loaded) return loaded;
  try {
    loaded = createRequire(import.meta.url)(ADDON_FILE) as Addon;
    return loaded;
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    const reason = isMissing ? 'is not built' : `does not load (${(cause as Error).message.split('\n')[0]})`;
    throw new Error(`Cannot use ${feature}: the native addon ${reason}; run \`npm run build:native\``, {
      cause,
    });
  }
}

/** The addon, or undefined where it cannot be loaded: for features that can do with less. */
export function findAddon(): Addon | undefined {
  try {
    return loadAddon('the native addon');
  } catch {
    return undefined;
  }
}
