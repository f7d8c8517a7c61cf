// The commands there are.

import type { Settings } from '../options/table.js';
import type { Command } from './command.js';

const ANY = Number.POSITIVE_INFINITY;

/** Options that every command knows. */
export const COMMON_OPTIONS: readonly (keyof Settings)[] = ['help', 'version', 'config'];

const STORE_OPTIONS = ['database', 'busy-timeout'] as const;

const POLICY_OPTIONS = ['inbound-only', 'interface', 'port', 'ignore', 'ignore-file', 'mail-server'] as const;

/** The daemon, which is what the program is without a command, as spamlogd(8) is. */
export const DAEMON: Command = {
  name: '',
  operands: '',
  summary: 'Watch the firewall and keep the whitelist, as spamlogd(8) does',
  minimum: 0,
  maximum: 0,
  options: [
    'debug',
    'inbound-only',
    'interface',
    'device',
    'whiteexp',
    'sync-target',
    'sync-listen',
    'sync-peer',
    'sync-group',
    'sync-port',
    'sync-window',
    'sync-key',
    ...STORE_OPTIONS,
    'port',
    'ignore',
    'ignore-file',
    'mail-server',
    'capture-engine',
    'flush-interval',
    'no-expire',
    'table',
    'table-owner',
    'reconcile-interval',
    'user',
    'pid-file',
    'control-socket',
    'log',
    'log-level',
  ],
  load: () => import('./daemon.js'),
};

/** In the order in which the help shows them. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'replay',
    operands: 'FILE…',
    summary: 'Whitelist from recorded captures, and report what they hold',
    minimum: 1,
    maximum: ANY,
    options: [
      ...STORE_OPTIONS,
      'dry-run',
      'json',
      'strict',
      'whiteexp',
      ...POLICY_OPTIONS,
      'push',
      'table',
      'table-owner',
      'force',
    ],
    load: () => import('./replay.js'),
  },
  {
    name: 'explain',
    operands: 'FILE…',
    summary: 'Tell of every record what it is, and whether it counts and why',
    minimum: 1,
    maximum: ANY,
    options: ['json', 'strict', ...POLICY_OPTIONS],
    load: () => import('./explain.js'),
  },
  {
    name: 'query',
    operands: 'ADDRESS|NETWORK…',
    summary: 'When was this address last seen, in which direction, by which rule, until when is it white?',
    minimum: 1,
    maximum: ANY,
    options: [...STORE_OPTIONS, 'json', 'at', 'whiteexp'],
    load: () => import('./query.js'),
  },
  {
    name: 'list',
    operands: '',
    summary: 'List the database',
    minimum: 0,
    maximum: 0,
    options: [
      ...STORE_OPTIONS,
      'status',
      'since',
      'expiring',
      'sort',
      'limit',
      'format',
      'json',
      'at',
      'whiteexp',
    ],
    load: () => import('./list.js'),
  },
  {
    name: 'add',
    operands: 'ADDRESS…',
    summary: 'Make addresses white by hand, as spamdb -a does',
    minimum: 1,
    maximum: ANY,
    options: [...STORE_OPTIONS, 'whiteexp'],
    load: () => import('./add.js'),
  },
  {
    name: 'delete',
    operands: 'ADDRESS…',
    summary: 'Delete addresses, as spamdb -d does',
    minimum: 1,
    maximum: ANY,
    options: STORE_OPTIONS,
    load: () => import('./delete.js'),
  },
  {
    name: 'trap',
    operands: 'ADDRESS…',
    summary: 'Trap addresses for a day, as spamdb -t -a does',
    minimum: 1,
    maximum: ANY,
    options: STORE_OPTIONS,
    load: () => import('./trap.js'),
  },
  {
    name: 'table',
    operands: 'show|diff|push',
    summary: "Show the firewall's tables, compare them with the database, or bring them in line with it",
    minimum: 1,
    maximum: 1,
    options: [...STORE_OPTIONS, 'table', 'table-owner', 'force', 'dry-run', 'json'],
    load: () => import('./table.js'),
  },
  {
    name: 'sync',
    operands: 'push [HOST…]',
    summary: 'Send the whitelist to the targets, or to some of them, as after they were down',
    minimum: 1,
    maximum: ANY,
    options: [...STORE_OPTIONS, 'sync-target', 'sync-group', 'sync-port', 'sync-key', 'since', 'whiteexp'],
    load: () => import('./sync.js'),
  },
  {
    name: 'sync-key',
    operands: '',
    summary: 'Make the key that peers share',
    minimum: 0,
    maximum: 0,
    options: ['sync-key'],
    load: () => import('./sync-key.js'),
  },
  {
    name: 'status',
    operands: '',
    summary: 'Ask the running daemon how it fares',
    minimum: 0,
    maximum: 0,
    options: ['control-socket', 'json'],
    load: () => import('./status.js'),
  },
];
