// The one table of options: their letters, long names, kinds, defaults and help. A long name is the key in the file, too.

import type { Prefix } from '../address/prefix.js';
import { SMTP_PORT } from '../policy/policy.js';
import { DEFAULT_WHITEEXP_HOURS } from '../whitelist/entry.js';
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
  readonly database: string | undefined;
  readonly 'busy-timeout': number;
  readonly 'inbound-only': boolean;
  readonly interface: string | undefined;
  readonly port: readonly number[];
  readonly ignore: readonly Prefix[];
  readonly 'ignore-file': readonly string[];
  readonly 'mail-server': readonly Prefix[];
  /** In hours, as spamlogd(8) has it. */
  readonly whiteexp: number;
  readonly 'dry-run': boolean;
  readonly json: boolean;
  readonly strict: boolean;
  readonly at: number | undefined;
  readonly status: readonly ListStatus[];
  readonly since: Since | undefined;
  readonly expiring: number | undefined;
  readonly sort: ListSort;
  readonly limit: number | undefined;
  readonly format: ListFormat;
}

const onlyHere = { isConfigurable: false } as const;

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
    `SQLite database, as PATH or sqlite:PATH ($SPAMLOGD_DATABASE, else ${DEFAULT_DATABASE})`,
    undefined,
    parseText,
  ),
  'busy-timeout': text('SECONDS', 'How long to wait for a database that others have locked', 30, value =>
    parseWhole(value, 0, 3600, 'seconds'),
  ),
  'inbound-only': flag('Count inbound connections only', { letter: 'I' }),
  interface: text('NAME', 'Count connections on this interface only', undefined, parseText, { letter: 'i' }),
  port: commaList('PORT[,PORT]', 'Destination ports of mail', [SMTP_PORT], parsePorts),
  ignore: list('NETWORK', 'Never count correspondents in this network', parseNetwork),
  'ignore-file': list('FILE', 'Networks to ignore, one a line, # begins a comment', parseText),
  'mail-server': list('NETWORK', 'Count outbound connections from this network only', parseNetwork),
  whiteexp: text(
    'HOURS',
    'How long an entry stays white after the last connection',
    DEFAULT_WHITEEXP_HOURS,
    value => parseWhole(value, 1, 2160, 'hours'),
    { letter: 'W' },
  ),
  'dry-run': flag('Write nothing, only tell what would be written', { letter: 'n', ...onlyHere }),
  json: flag('Write JSON', onlyHere),
  strict: flag('Exit with status 65 when a capture ends inside a record', onlyHere),
  at: text('TIME', 'Tell the status as of this time instead of now', undefined, parseTime, onlyHere),
  status: commaList<ListStatus>(
    'STATUS',
    `Only these: ${STATUSES.join(', ')}`,
    [],
    value => parseChoices(value, STATUSES),
    onlyHere,
  ),
  since: text('AGE|TIME', 'Only addresses seen since then: 2d, 2026-01-31', undefined, parseSince, onlyHere),
  expiring: text('AGE', 'Only entries that end within this time: 12h', undefined, parseDuration, onlyHere),
  sort: text('ORDER', `Order: ${SORTS.join(', ')}`, 'database', value => parseChoice(value, SORTS), onlyHere),
  limit: text('N', 'At most this many', undefined, value => parseWhole(value, 1, 1e9, 'a number'), onlyHere),
  format: text(
    'FORMAT',
    `Format: ${FORMATS.join(', ')} (the last as spamdb(8) prints it)`,
    'table',
    value => parseChoice(value, FORMATS),
    onlyHere,
  ),
};

function parseSince(value: string): Parsed<Since> {
  const time = parseTime(value);
  if ('value' in time) return { value: { time: time.value } };
  const age = parseDuration(value);
  return 'value' in age
    ? { value: { age: age.value } }
    : { expected: `${age.expected}, or ${time.expected}` };
}
