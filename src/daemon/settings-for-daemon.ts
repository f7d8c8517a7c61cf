// The settings as the daemon needs them: files read, paths absolute, defaults chosen.

import { resolve } from 'node:path';
import type { LogOptions } from '../log/logger.js';
import { databasePath } from '../options/settings.js';
import { DEFAULT_DEVICE, type Settings } from '../options/table.js';
import { readNetworks } from './make-policy.js';

/** Settings whose change needs a restart. */
const FIXED = [
  'device',
  'capture-engine',
  'database',
  'user',
  'table',
  'control-socket',
  'pid-file',
  'log',
] as const;

/** The settings, ready to be handed to a process with other rights and another folder. @throws {UsageError} */
export function settingsForDaemon(settings: Settings): Settings {
  const { device = DEFAULT_DEVICE } = settings;
  return {
    ...settings,
    device: device.includes('/') ? resolve(device) : device,
    database: resolve(databasePath(settings)),
    'control-socket': resolve(settings['control-socket']),
    'sync-key': resolve(settings['sync-key']),
    'pid-file': settings['pid-file'] && resolve(settings['pid-file']),
    ignore: [...settings.ignore, ...settings['ignore-file'].flatMap(readNetworks)],
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

/** Names of settings that differ and take effect at a restart only. */
export function needRestart(before: Settings, after: Settings): string[] {
  return FIXED.filter(name => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}
