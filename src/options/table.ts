// The one table of options: their letters, long names, kinds, defaults and help. A long name is the key in the file, too.

import type { Prefix } from '../address/prefix.js';
import type { EngineChoice } from '../capture/capture-engines.js';
import type { Dialect } from '../pfconf/source.js';
import { SMTP_PORT } from '../policy/policy.js';
import type { SyncPeer } from '../sync/peers.js';
import {
  DEFAULT_SYNC_GROUP,
  DEFAULT_SYNC_KEY,
  DEFAULT_SYNC_WINDOW_SECONDS,
  type ListenText,
  parseSyncGroup,
  parseSyncListen,
  parseSyncPeer,
  parseSyncPort,
  parseSyncTarget,
  parseSyncWindow,
} from '../sync/settings.js';
import { parseTableSpec, type TableSpec } from '../table/table-spec.js';
import { DEFAULT_WHITEEXP_HOURS } from '../whitelist/entry.js';
import { SYNC_PORT } from '../wire/sync-message-layout.js';
import { type DatabaseName, parseDatabase } from './database.js';
import { commaList, flag, list, type Option, text } from './option.js';
import {
  type Parsed,
  parseChoice,
  parseChoices,
  parseDuration,
  parseNetwork,
  parsePorts,
  parseText,
  parseTime,
  parseWhole,
} from './values.js';

/** Where the database is unless said otherwise. */
export const DEFAULT_DATABASE = '/var/db/spamlogd/spamd.sqlite';

/** Read when it exists and no other is named. */
export const DEFAULT_CONFIG = '/etc/spamlogd.toml';

/** What `list --status` chooses from. */
export const STATUSES = ['WHITE', 'TRAPPED', 'GREY', 'EXPIRED', 'SPAMTRAP'] as const;
export type ListStatus = (typeof STATUSES)[number];

/** What `list --sort` chooses from. */
export const SORTS = ['database', 'address', 'seen', 'expire', 'first', 'count'] as const;
export type ListSort = (typeof SORTS)[number];

/** What `list --format` chooses from. */
export const FORMATS = ['table', 'json', 'spamdb'] as const;
export type ListFormat = (typeof FORMATS)[number];

/** A point in time, or how long before now it is; in seconds. */
export type Since = { readonly time: number } | { readonly age: number };

/** The options' values under their long names. Times and lengths of time are in seconds unless the name says otherwise. */
export interface Settings {
  readonly help: boolean;
  readonly version: boolean;
  readonly config: string | undefined;
  readonly database: DatabaseName | undefined;
  /** Path, or `none`; beside the database when not given. */
  readonly 'sightings-database': string | undefined;
  readonly 'busy-timeout': number;
  readonly 'inbound-only': boolean;
  readonly interface: string | undefined;
  readonly port: readonly number[];
  readonly ignore: readonly Prefix[];
  readonly 'ignore-file': readonly string[];
  readonly 'mail-server': readonly Prefix[];
  /** In hours, as spamlogd(8) has it. */
  readonly whiteexp: number;
  /** Stay in the foreground and log debug lines to standard error. */
  readonly debug: boolean;
  readonly device: string | undefined;
  readonly 'sync-target': readonly string[];
  readonly 'sync-listen': ListenText | undefined;
  readonly 'sync-peer': readonly SyncPeer[];
  readonly 'sync-group': string;
  readonly 'sync-port': number;
  readonly 'sync-window': number;
  readonly 'sync-key': string;
  /** Items of `--guard-rules`, each checked. */
  readonly 'guard-rules': readonly string[];
  readonly 'pf-rules': string | undefined;
  readonly 'pf-conf': string | undefined;
  readonly 'nft-rules': string | undefined;
  readonly live: boolean;
  readonly dialect: Dialect | undefined;
  readonly 'white-table': readonly string[];
  readonly 'nospamd-table': readonly string[];
  readonly 'black-table': readonly string[];
  readonly outside: string | undefined;
  readonly inside: string | undefined;
  readonly 'capture-engine': EngineChoice;
  readonly 'flush-interval': number;
  readonly user: string;
  readonly 'no-expire': boolean;
  readonly 'pid-file': string | undefined;
  readonly 'control-socket': string;
  readonly log: LogFormat | undefined;
  readonly 'log-level': LogLevel | undefined;
  readonly table: readonly TableSpec[];
  readonly 'table-owner': boolean;
  readonly 'reconcile-interval': number;
  readonly 'pf-fd': number | undefined;
  readonly push: boolean;
  readonly force: boolean;
  readonly 'dry-run': boolean;
  /** Where to copy a database to before it is changed. */
  readonly backup: string | undefined;
  readonly 'min-age': number | undefined;
  readonly 'min-count': number | undefined;
  readonly json: boolean;
  readonly metrics: boolean;
  readonly strict: boolean;
  readonly at: number | undefined;
  readonly status: readonly ListStatus[];
  readonly since: Since | undefined;
  readonly expiring: number | undefined;
  readonly sort: ListSort;
  readonly limit: number | undefined;
  readonly format: ListFormat;
}

/** The NFLOG groups of inbound and of outbound mail unless said otherwise. */
export const LINUX_DEVICE = 'nflog:25,26';

/** Where the log comes from unless said otherwise. */
export const DEFAULT_DEVICE: string = process.platform === 'linux' ? LINUX_DEVICE : 'pflog0';

/** Where the daemon answers unless said otherwise; its folder is the daemon's own. */
export const DEFAULT_CONTROL = '/var/run/spamlogd/control.sock';

const TABLE_FORMS = 'pf:TABLE, pf:ANCHOR/TABLE, nft:FAMILY:TABLE:SET4[:SET6], none';

/** What `--log` chooses from. */
export const LOG_FORMATS = ['syslog', 'json', 'text'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** What `--log-level` chooses from. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const ENGINE_CHOICES: readonly EngineChoice[] = ['auto', 'pcap', 'cap', 'tcpdump'];

/** About the program and not about its work. */
const onlyHere = { isConfigurable: false } as const;

/** Numbers are no strings in the file. */
const integer = { configTypes: ['integer'] } as const;

/** The table. */
export const OPTIONS: { readonly [K in keyof Settings]: Option<Settings[K]> } = {
  help: flag('Show this help', { letter: 'h', ...onlyHere }),
  version: flag('Show the version', { letter: 'V', ...onlyHere }),
  config: text(
    'FILE',
    `Configuration in TOML (${DEFAULT_CONFIG} when it exists)`,
    undefined,
    parseText,
    onlyHere,
  ),
  database: text(
    'PATH',
    `SQLite database, as PATH or sqlite:PATH, or spamd's own, as spamd:/var/db/spamd ($SPAMLOGD_DATABASE, else ${DEFAULT_DATABASE})`,
    undefined,
    parseDatabase,
  ),
  'sightings-database': text(
    'PATH',
    "Where to keep what spamd's own database has no room for, or none (spamlogd/NAME.sightings beside it)",
    undefined,
    parseText,
  ),
  'busy-timeout': text(
    'SECONDS',
    'How long to wait for a database that others have locked',
    30,
    value => parseWhole(value, 0, 3600, 'seconds'),
    integer,
  ),
  'inbound-only': flag('Count inbound connections only', { letter: 'I' }),
  interface: text('NAME', 'Count connections on this interface only', undefined, parseText, { letter: 'i' }),
  port: commaList('PORT[,PORT]', 'Destination ports of mail', [SMTP_PORT], parsePorts, integer),
  ignore: list('NETWORK', 'Never count correspondents in this network', parseNetwork),
  'ignore-file': list('FILE', 'Networks to ignore, one a line, # begins a comment', parseText),
  'mail-server': list('NETWORK', 'Count outbound connections from this network only', parseNetwork),
  whiteexp: text(
    'HOURS',
    'How long an entry stays white after the last connection; a trap made by hand lasts 24 unless it is given',
    DEFAULT_WHITEEXP_HOURS,
    value => parseWhole(value, 1, 2160, 'hours'),
    { letter: 'W', ...integer },
  ),
  debug: flag('Stay in the foreground and log debug lines to standard error', { letter: 'D' }),
  device: text(
    'DEVICE',
    `Where the log comes from: pflogN, nflog:GROUP[,GROUP], a file or FIFO, or - (${DEFAULT_DEVICE})`,
    undefined,
    parseText,
    { letter: 'l' },
  ),
  'sync-target': list(
    'TARGET',
    'Tell another spamd of whitelisted hosts: HOST or INTERFACE[:TTL]',
    value => accept(parseSyncTarget(value), value),
    { letter: 'Y' },
  ),
  'sync-listen': text(
    'ADDRESS|INTERFACE',
    'Apply what other tarpits say, heard on this address or interface',
    undefined,
    value => expecting(parseSyncListen(value), 'an IPv4 address or an interface'),
    { letter: 'y' },
  ),
  'sync-peer': list('PEER', 'Host, address or network to listen to (the -Y targets)', value => {
    const parsed = parseSyncPeer(value);
    return 'error' in parsed
      ? expecting(parsed, 'a host, an IPv4 address or an IPv4 network')
      : { value: { text: value, peer: parsed.value } };
  }),
  'sync-group': text('ADDRESS', 'Multicast group (greyd has 224.0.1.241)', DEFAULT_SYNC_GROUP, value =>
    expecting(parseSyncGroup(value), 'a multicast address from 224.0.0.0 to 239.255.255.255'),
  ),
  'sync-port': text(
    'PORT',
    'UDP port of synchronisation',
    SYNC_PORT,
    value => expecting(parseSyncPort(value), 'a port from 1 to 65535'),
    integer,
  ),
  'sync-window': text(
    'SECONDS',
    "How far a peer's clock may be from ours",
    DEFAULT_SYNC_WINDOW_SECONDS,
    value => expecting(parseSyncWindow(value), 'seconds from 1 to 86400'),
    integer,
  ),
  'sync-key': text('FILE', 'Key that peers share', DEFAULT_SYNC_KEY, parseText),
  'guard-rules': list(
    'RULESET:NUMBER',
    'Rules that send SMTP to a tarpit, whose records never count: 12, :12, ANCHOR:3',
    value =>
      /^([^\s,:]*:)?\d{1,9}(,([^\s,:]*:)?\d{1,9})*$/.test(value)
        ? { value }
        : { expected: 'rules like 12, :12 or ANCHOR:3' },
    { configTypes: ['string', 'integer'] },
  ),
  'pf-rules': text(
    'FILE',
    "Rules in force when the captures were made, as printed by pfctl -a '*' -vvsr: what those to a tarpit log does not count",
    undefined,
    parseText,
  ),
  'pf-conf': text('FILE', 'Check this pf.conf', undefined, parseText),
  'nft-rules': text('FILE', 'Check this output of nft -j list ruleset', undefined, parseText),
  live: flag('Check the rules in force, and the machine around them'),
  dialect: text(
    'PF',
    "Whose pf: openbsd or freebsd (this machine's, else told from the rules)",
    undefined,
    value => parseChoice<Dialect>(value, ['openbsd', 'freebsd']),
  ),
  'white-table': list('NAME', 'Table of whitelisted hosts (spamd-white)', parseText),
  'nospamd-table': list('NAME', 'Table of hosts that never go to the tarpit (nospamd)', parseText),
  'black-table': list('NAME', 'Table of hosts that always go to the tarpit (spamd)', parseText),
  outside: text('INTERFACE', 'Interface to the Internet (taken from the rules)', undefined, parseText),
  inside: text('INTERFACE', 'Interface to the LAN (taken from the rules)', undefined, parseText),
  'capture-engine': text('ENGINE', `What captures: ${ENGINE_CHOICES.join(', ')}`, 'auto', value =>
    parseChoice<EngineChoice>(value, ENGINE_CHOICES),
  ),
  'flush-interval': text(
    'SECONDS',
    'How often known correspondents are refreshed',
    1,
    value => parseWhole(value, 1, 3600, 'seconds'),
    integer,
  ),
  user: text('USER', 'User to run as when started by root', '_spamd', parseText),
  'no-expire': flag('Leave the expiry of white entries to the tarpit'),
  'pid-file': text('FILE', 'Where to write the process id', undefined, parseText),
  'control-socket': text(
    'SOCKET',
    'Control socket, which "spamlogd status" asks',
    DEFAULT_CONTROL,
    parseText,
  ),
  log: text(
    'FORMAT',
    `Log to syslog, or to standard error as json or text (text with -D on a terminal, json with -D elsewhere, else syslog)`,
    undefined,
    value => parseChoice(value, LOG_FORMATS),
  ),
  'log-level': text('LEVEL', `Least important lines logged: ${LOG_LEVELS.join(', ')}`, undefined, value =>
    parseChoice(value, LOG_LEVELS),
  ),
  table: list('TABLE', `Firewall table: ${TABLE_FORMS}`, parseTable),
  'table-owner': flag('The tables are ours alone: take out whatever is not white'),
  'reconcile-interval': text(
    'SECONDS',
    'How often tables are compared with the database',
    60,
    value => parseWhole(value, 1, 86_400, 'seconds'),
    integer,
  ),
  'pf-fd': text(
    'N',
    'Descriptor of an open /dev/pf that was handed to us, for pfctl to use',
    undefined,
    value => parseWhole(value, 3, 63, 'a descriptor'),
    integer,
  ),
  push: flag('Afterwards push what is white now to the tables'),
  force: flag('Empty a table if nothing is white'),
  'dry-run': flag('Write nothing, only tell what would be written', { letter: 'n' }),
  backup: text('FILE', 'Copy the database to this new file first', undefined, parseText),
  'min-age': text(
    'AGE',
    'Only the plain addresses of white entries made at least so long ago: 75d',
    undefined,
    parseDuration,
  ),
  'min-count': text(
    'N',
    'Only the plain addresses of white entries that passed at least so often',
    undefined,
    value => parseWhole(value, 0, 2 ** 31 - 1, 'a number'),
    integer,
  ),
  json: flag('Write JSON'),
  metrics: flag("Write metrics in Prometheus' text format"),
  strict: flag('Exit with status 65 when a capture is cut off, or followed by something else'),
  at: text('TIME', 'Tell the status as of this time instead of now', undefined, parseTime),
  status: commaList<ListStatus>('STATUS', `Only these: ${STATUSES.join(', ')}`, [], value =>
    parseChoices(value, STATUSES),
  ),
  since: text('AGE|TIME', 'Only addresses seen since then: 2d, 2026-01-31', undefined, parseSince),
  expiring: text('AGE', 'Only entries that end within this time: 12h', undefined, parseDuration),
  sort: text('ORDER', `Order: ${SORTS.join(', ')}`, 'database', value => parseChoice(value, SORTS)),
  limit: text('N', 'At most this many', undefined, value => parseWhole(value, 1, 1e9, 'a number'), integer),
  format: text('FORMAT', `Format: ${FORMATS.join(', ')} (the last as spamdb(8) prints it)`, 'table', value =>
    parseChoice(value, FORMATS),
  ),
};

function expecting<T>(parsed: { value: T } | { error: string }, expected: string): Parsed<T> {
  return 'error' in parsed ? { expected: because(expected, parsed.error) } : parsed;
}

/** What was expected, with the reason why this is not it where that says more. */
function because(expected: string, reason: string): string {
  return /^is (not|neither) /.test(reason) ? expected : `${expected} (this ${reason})`;
}

/** The text itself, if it is of the right kind: what it means is found out at start. */
function accept(parsed: { value: unknown } | { error: string }, value: string): Parsed<string> {
  return 'error' in parsed ? expecting(parsed, 'a host or an interface[:ttl]') : { value };
}

function parseTable(value: string): Parsed<TableSpec> {
  try {
    return { value: parseTableSpec(value) };
  } catch {
    return { expected: `one of ${TABLE_FORMS}` };
  }
}

function parseSince(value: string): Parsed<Since> {
  const time = parseTime(value);
  if ('value' in time) return { value: { time: time.value } };
  const age = parseDuration(value);
  return 'value' in age
    ? { value: { age: age.value } }
    : { expected: `${age.expected}, or ${time.expected}` };
}
