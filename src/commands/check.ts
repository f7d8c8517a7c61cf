// check: explains what a ruleset does to the connections that matter, before it does harm.

import { formatPrefix } from '../address/prefix.js';
import { parseDevice } from '../capture/capture-device.js';
import { wantsSync } from '../daemon/sync-link.js';
import { databaseOf } from '../options/settings.js';
import { LINUX_DEVICE, type Settings } from '../options/table.js';
import { readRegularFile, readTextFile } from '../options/text-file.js';
import { UsageError } from '../options/usage-error.js';
import { checkRuleset } from '../pfconf/check/check.js';
import { type CheckOptions, DEFAULT_TABLES } from '../pfconf/check/options.js';
import { renderReport } from '../pfconf/check/render.js';
import { type CheckReport, isClean } from '../pfconf/check/report.js';
import { detectDialect } from '../pfconf/detect-dialect.js';
import { nodeSystem } from '../pfconf/live/system.js';
import { checkLiveNftables, checkLivePf } from '../pfconf/live.js';
import { checkNftables } from '../pfconf/nft/check.js';
import type { NftCheckOptions } from '../pfconf/nft/scenario.js';
import type { Dialect } from '../pfconf/source.js';
import { askDaemon } from '../system/control-client.js';
import type { Context } from './command.js';
import { EXIT } from './exit-status.js';

/** Runs the command; status 1 when there are findings. @throws {UsageError} */
export async function run({ settings, output }: Context): Promise<number> {
  const report = await check(settings);
  if (settings.json) output.add(`${JSON.stringify(report)}\n`);
  else output.add(renderReport(report, { color: process.stdout.isTTY === true }));
  return isClean(report) ? EXIT.ok : EXIT.nothing;
}

async function check(settings: Settings): Promise<CheckReport> {
  const { 'pf-conf': pfConf, 'pf-rules': pfRules, 'nft-rules': nftRules, live } = settings;
  const given = [pfConf, pfRules, nftRules, live || undefined].filter(one => one !== undefined);
  if (given.length !== 1)
    throw new UsageError('"check" needs one of --pf-conf, --pf-rules, --nft-rules and --live');
  if (live) return checkLive(settings);
  if (nftRules !== undefined) return checkNftables(read(nftRules), nftRules, nftOptions(settings));
  const file = pfConf ?? pfRules!;
  const text = read(file);
  const dialect = settings.dialect ?? localDialect() ?? detectDialect(text);
  const source = { text, file, dialect, isListing: pfConf === undefined, readFile: readRegularFile };
  return checkRuleset(source, pfOptions(settings));
}

async function checkLive(settings: Settings): Promise<CheckReport> {
  const system = nodeSystem();
  const daemonPid = await pidOfDaemon(settings['control-socket']);
  const surroundings = {
    user: settings.user,
    database: databaseOf(settings).path,
    ...(wantsSync(settings) && { keyFile: settings['sync-key'] }),
    ownPids: [process.pid],
    ...(daemonPid !== undefined && { daemonPid }),
  };
  if (process.platform === 'linux') return checkLiveNftables(system, nftOptions(settings), surroundings);
  const dialect = settings.dialect ?? localDialect() ?? 'freebsd';
  return checkLivePf(system, dialect, pfOptions(settings), surroundings);
}

/** Our own daemon reads the log, as it should. */
async function pidOfDaemon(socket: string): Promise<number | undefined> {
  const status = await askDaemon(socket, 'GET', '/status').catch(() => undefined);
  const pid = (status as { pid?: unknown } | undefined)?.pid;
  return typeof pid === 'number' ? pid : undefined;
}

function localDialect(): Dialect | undefined {
  if (process.platform === 'openbsd' || process.platform === 'freebsd') return process.platform;
  return undefined;
}

function read(path: string): string {
  return readTextFile(path, 'rules', false);
}

function names(settings: Settings): Omit<CheckOptions, 'policy'> {
  const or = (given: readonly string[], fallback: readonly string[]): readonly string[] =>
    given.length > 0 ? given : fallback;
  const pfTables = settings.table.flatMap(spec => (spec.kind === 'pf' ? [spec.table] : []));
  return {
    whiteTables: or(settings['white-table'], or(pfTables, DEFAULT_TABLES.whiteTables)),
    nospamdTables: or(settings['nospamd-table'], DEFAULT_TABLES.nospamdTables),
    blackTables: or(settings['black-table'], DEFAULT_TABLES.blackTables),
    ...(settings.outside !== undefined && { outsideInterface: settings.outside }),
    ...(settings.inside !== undefined && { insideInterface: settings.inside }),
    ...(settings['mail-server'].length > 0 && { mailServers: settings['mail-server'].map(formatPrefix) }),
  };
}

function pfOptions(settings: Settings): CheckOptions {
  const { device = 'pflog0' } = settings;
  const logInterface = /^pflog(\d+)$/.exec(device)?.[1];
  if (logInterface === undefined)
    throw new UsageError(`option "--device" must be pflogN to check pf, not "${device}"`);
  const policy = {
    logInterface: Number(logInterface),
    interface: settings.interface ?? null,
    inboundOnly: settings['inbound-only'],
    ports: settings.port,
  };
  return { ...names(settings), policy };
}

function nftOptions(settings: Settings): NftCheckOptions {
  const { device = LINUX_DEVICE } = settings;
  return {
    ...names(settings),
    // What is read from a file may be of any group.
    groups: device.startsWith('nflog') ? parseDevice(device).groups : null,
    ports: settings.port,
    inboundOnly: settings['inbound-only'],
  };
}
