// The settings as the daemon needs them: files read, paths absolute, defaults chosen.

import { resolve } from 'node:path';
import type { LogOptions } from '../log/logger.js';
import { databaseOf } from '../options/settings.js';
import { DEFAULT_DEVICE, type Settings } from '../options/table.js';
import { readNetworks } from './make-policy.js';

/** Settings whose change needs a restart. */
const FIXED = [
  'device',
  'capture-engine',
  'database',
  'sightings-database',
  'user',
  'table',
  'control-socket',
  'pid-file',
  'log',
  'busy-timeout',
  'table-owner',
  'reconcile-interval',
  'sync-target',
  'sync-listen',
  'sync-peer',
  'sync-group',
  'sync-port',
  'sync-window',
  'sync-key',
  // The kernel's filter was made with them.
  'port',
] as const;

/**
 * The settings, ready to be handed to a process with other rights and another folder.
 * @param folder what relative paths are relative to
 * @throws {UsageError}
 */
export function settingsForDaemon(settings: Settings, folder: string): Settings {
  const { device = DEFAULT_DEVICE, 'sightings-database': sightings } = settings;
  const database = databaseOf(settings);
  return {
    ...settings,
    device: device.includes('/') ? resolve(folder, device) : device,
    database: { ...database, path: resolve(folder, database.path) },
    'sightings-database': sightings && sightings !== 'none' ? resolve(folder, sightings) : sightings,
    'control-socket': resolve(folder, settings['control-socket']),
    'sync-key': resolve(folder, settings['sync-key']),
    'pid-file': settings['pid-file'] && resolve(folder, settings['pid-file']),
    ignore: [
      ...settings.ignore,
      ...settings['ignore-file'].flatMap(path => readNetworks(resolve(folder, path))),
    ],
    'ignore-file': [],
    table: (settings.table.length > 0 ? settings.table : defaultTable()).filter(spec => spec.kind !== 'none'),
  };
}

function defaultTable(): Settings['table'] {
  return process.platform === 'linux' ? [] : [{ kind: 'pf', anchor: '', table: 'spamd-white' }];
}

/** How the daemon logs. */
export function logOptions(settings: Settings): LogOptions {
  const level = settings['log-level'] ?? (settings.debug ? 'debug' : 'info');
  if (settings.log !== undefined) return { format: settings.log, level };
  if (!settings.debug) return { format: 'syslog', level };
  return { format: process.stderr.isTTY ? 'text' : 'json', level };
}

/** Settings that were read again, and what of them holds. */
export interface Reloaded {
  /** The later settings, but for those that take effect at a restart only. */
  readonly settings: Settings;
  /** Names of settings that differ and wait for a restart. */
  readonly waiting: readonly string[];
}

/** What becomes of the settings when they were read again. */
export function reloadSettings(before: Settings, after: Settings): Reloaded {
  const kept = Object.fromEntries(FIXED.map(name => [name, before[name]]));
  return {
    settings: { ...after, ...kept },
    waiting: FIXED.filter(name => JSON.stringify(before[name]) !== JSON.stringify(after[name])),
  };
}
