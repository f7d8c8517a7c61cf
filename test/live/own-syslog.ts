// A system's log of a test's own: a syslogd, and a mount namespace whose /dev/log leads to it.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { findAddon } from '../../src/native/addon.js';
import { isRoot } from '../../src/system/privileges.js';
import { type DatagramReceiver, noDatagrams, receiveDatagrams } from '../system/unix-datagrams.js';

/** A /dev of its own, so that our /dev/log is not the system's. */
const OWN_DEV = `
  mount --make-rprivate / && dev=$(mktemp -d) && mount -t tmpfs dev "$dev" || exit 1
  for name in null zero random urandom; do touch "$dev/$name" && mount --bind "/dev/$name" "$dev/$name"; done
  mount --move "$dev" /dev && rmdir "$dev" && echo ready && exec sleep 300`;

/** Why there can be none here, or false. */
export const noOwnSyslog: string | false = findObstacle();

function findObstacle(): string | false {
  if (process.platform !== 'linux') return 'needs mount namespaces';
  if (!isRoot()) return 'needs root';
  if (findAddon() === undefined) return 'the native addon is not built';
  if (spawnSync('unshare', ['-m', 'mount', '--make-rprivate', '/']).status !== 0)
    return 'no mount namespaces here';
  return noDatagrams;
}

/** A syslogd that keeps what it is told. */
export interface OwnSyslog {
  readonly syslogd: DatagramReceiver;
  /** What a command begins with to be run where /dev/log leads there. */
  readonly inside: readonly string[];
  /** Facility and level, then what follows the time stamp. */
  nextLine(): Promise<string>;
  close(): void;
}

/** Starts one. */
export async function startOwnSyslog(): Promise<OwnSyslog> {
  const namespace = spawn('unshare', ['-m', 'sh', '-c', OWN_DEV], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(namespace.stdout!, 'data');
  const inside = ['nsenter', `--mount=/proc/${namespace.pid}/ns/mnt`, '--'];
  const syslogd = await receiveDatagrams('/dev/log', inside);
  // As everywhere, anybody may log.
  spawnSync(inside[0]!, [...inside.slice(1), 'chmod', '666', '/dev/log']);
  return {
    syslogd,
    inside,
    nextLine: async () => (await syslogd.next()).replace(/^(<\d+>).{15} /, '$1'),
    close: () => {
      syslogd.close();
      namespace.kill('SIGKILL');
    },
  };
}
