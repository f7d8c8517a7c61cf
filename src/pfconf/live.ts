// A check of the running machine: the rules it has loaded, and everything around them.

import { checkRuleset } from './check/check.js';
import type { CheckOptions } from './check/options.js';
import type { CheckReport, Finding } from './check/report.js';
import { systemFinding } from './live/finding.js';
import { parseIfconfig } from './live/ifconfig.js';
import { ownProcesses } from './live/own-processes.js';
import { probeClock } from './live/probe-clock.js';
import { probeDatabase, probeKeyFile, probeProgram, probeUser } from './live/probe-files.js';
import { probeFdescfs, probePf, probePflog, probeRequestLimit } from './live/probe-pf.js';
import { probeNflog, probeOtherReaders } from './live/probe-readers.js';
import { commandProblem, parseTableLimit, readLiveRules } from './live/rules.js';
import type { System } from './live/system.js';
import { checkNftables } from './nft/check.js';
import type { NftCheckOptions } from './nft/scenario.js';
import { parseServices } from './services.js';
import type { Dialect } from './source.js';

/** What surrounds the rules. */
export interface LiveOptions {
  /** The user that the daemon runs as. */
  readonly user: string;
  /** Path of the tarpit's database; absent where it is none of this machine's files. */
  readonly database?: string;
  /** Path of the key; absent where nothing is synchronised. */
  readonly keyFile?: string;
  /** Processes of our own, which are no other readers. */
  readonly ownPids: readonly number[];
  /** The process of our own daemon that answers requests; absent where none runs. */
  readonly daemonPid?: number;
}

/** Where pfctl(8) is. */
const PFCTL = '/sbin/pfctl';
const NFT = 'nft';

/** Checks the rules that pf has loaded, and the machine. Never throws: what cannot be asked is a finding. */
export async function checkLivePf(
  system: System,
  dialect: Dialect,
  check: CheckOptions,
  live: LiveOptions,
): Promise<CheckReport> {
  const options = await liveOptions(system, check);
  const pflog = `pflog${check.policy.logInterface}`;
  const ownPids = await ownProcesses(system, live.ownPids, live.daemonPid);
  const around = await Promise.all([
    probeProgram(system, PFCTL),
    probePf(system, PFCTL),
    probePflog(system, pflog),
    probeOtherReaders(system, pflog, ownPids),
    dialect === 'freebsd' ? probeFdescfs(system) : [],
    dialect === 'freebsd' ? probeRequestLimit(system, options.whiteEntries ?? 0) : [],
    probeFiles(system, live),
    probeClock(system),
  ]);
  const rules = await readLiveRules(system, dialect, PFCTL);
  if (rules.problem !== undefined) {
    const unread = systemFinding('rules-unreadable', 'error', rules.problem, 'Run this as root.');
    return { firewall: 'pf', assumptions: [], rows: [], findings: distinct([...around.flat(), unread]) };
  }
  const report = checkRuleset({ text: rules.text, file: 'pfctl', dialect, isListing: true }, options);
  return { ...report, findings: distinct([...around.flat(), ...report.findings]) };
}

/** Checks the nftables ruleset that is loaded, and the machine. Never throws. */
export async function checkLiveNftables(
  system: System,
  check: NftCheckOptions,
  live: LiveOptions,
): Promise<CheckReport> {
  const ownPids = await ownProcesses(system, live.ownPids, live.daemonPid);
  const groups = check.groups ?? [];
  const around = await Promise.all([
    probeNflog(system, groups, ownPids),
    probeOtherReaders(system, `nflog:${groups.join()}`, ownPids),
    probeFiles(system, live),
    probeClock(system),
  ]);
  const listing = await system.run(NFT, ['-j', 'list', 'ruleset']);
  if (listing.status !== 0) {
    const problem = commandProblem('nft -j list ruleset', listing);
    const unread = systemFinding(
      'rules-unreadable',
      'error',
      problem,
      'Run this as root, or with CAP_NET_ADMIN.',
    );
    return { firewall: 'nftables', assumptions: [], rows: [], findings: [...around.flat(), unread] };
  }
  const report = checkNftables(listing.stdout, 'nft', check);
  return { ...report, findings: [...around.flat(), ...report.findings] };
}

async function probeFiles(system: System, live: LiveOptions): Promise<Finding[]> {
  const { uid, findings } = await probeUser(system, live.user);
  const database =
    live.database === undefined ? [] : await probeDatabase(system, live.database, live.user, uid);
  const key = live.keyFile === undefined ? [] : await probeKeyFile(system, live.keyFile);
  return [...findings, ...database, ...key];
}

/** The options completed by what the machine knows: interfaces, ports, the size and the limit of tables. */
async function liveOptions(system: System, check: CheckOptions): Promise<CheckOptions> {
  const [ifconfig, route, services, memory, ...tables] = await Promise.all([
    system.run('/sbin/ifconfig', ['-a']),
    system.run('/sbin/route', ['-n', 'get', 'default']),
    system.readFile('/etc/services'),
    system.run(PFCTL, ['-s', 'memory']),
    ...check.whiteTables.map(name => system.run(PFCTL, ['-t', name, '-T', 'show'])),
  ]);
  const interfaces = ifconfig.status === 0 ? parseIfconfig(ifconfig.stdout) : undefined;
  const outside = check.outsideInterface ?? /^\s*interface: (\S+)/m.exec(route.stdout)?.[1];
  const tableLimit = parseTableLimit(memory.stdout);
  const entries = tables.flatMap(table => table.stdout.split('\n')).filter(line => line.trim() !== '');
  return {
    ...check,
    ...(interfaces ? { interfaces } : {}),
    ...(outside === undefined ? {} : { outsideInterface: outside }),
    ...(services === undefined ? {} : { services: parseServices(services) }),
    ...(tableLimit === undefined ? {} : { tableLimit }),
    whiteEntries: check.whiteEntries ?? entries.length,
  };
}

/** The same trouble said twice, as by two commands that may not open /dev/pf, is said once. */
function distinct(findings: readonly Finding[]): Finding[] {
  const isUnread = findings.some(({ id }) => id === 'pf-unreadable');
  return findings.filter(({ id }) => !(isUnread && id === 'rules-unreadable'));
}
