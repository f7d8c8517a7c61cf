// A double of pfctl(8) for machines without pf: `node pfctl.js DIRECTORY [pfctl's arguments]`. Tables live in a file of
// that directory; texts, statuses and order of checks are those of OpenBSD 7.6 or FreeBSD, whichever the state says.

import { appendFileSync, fstatSync, readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { join } from 'node:path';
import { parsePrefix } from '../../src/address/prefix.js';
import { type DoubleFault, type DoubleTable, loadState, type PfState, saveState } from './pfctl-state.js';

const USAGE = 'usage: pfctl [-deghNnPqrvz] [-a anchor] [-D macro=value] [-F modifier] [-f file]';

/** Ends the run as pfctl's main() does. */
class Exit extends Error {
  readonly status: number;

  constructor(status: number, text = '') {
    super(text);
    this.status = status;
  }
}

interface Options {
  flags: Set<string>;
  values: Map<string, string>;
}

function parseOptions(argv: readonly string[]): Options {
  const options: Options = { flags: new Set(), values: new Map() };
  for (let i = 0; i < argv.length; i++) {
    const letter = /^-([a-zA-Z])$/.exec(argv[i]!)?.[1];
    if (letter === undefined) throw new Exit(1, USAGE);
    if (!'pafstT'.includes(letter)) options.flags.add(letter);
    else if (i + 1 < argv.length) options.values.set(letter, argv[++i]!);
    else throw new Exit(1, USAGE);
  }
  return options;
}

/** pfr_strerror(): OpenBSD has one text for ENOENT and EINVAL, and no full stop. */
function kernelError(state: PfState, errno: 'ESRCH' | 'ENOENT' | 'EINVAL' | 'EPERM' | 'ENOMEM'): Exit {
  const isOpenBsd = state.platform === 'openbsd';
  const texts = {
    ESRCH: 'Table does not exist',
    ENOENT: isOpenBsd ? 'Anchor does not exist' : 'Anchor or Ruleset does not exist',
    EINVAL: isOpenBsd ? 'Anchor does not exist' : 'Invalid argument',
    EPERM: 'Operation not permitted',
    ENOMEM: 'Cannot allocate memory',
  };
  return new Exit(255, `pfctl: ${texts[errno]}${isOpenBsd ? '' : '.'}`);
}

/** What names resolve to, since pfctl takes them for addresses. */
const RESOLVED: Record<string, string[]> = {
  localhost: ['127.0.0.1', '::1'],
  self: ['127.0.0.1'],
  lo0: ['127.0.0.1'],
};

function parseToken(state: PfState, token: string): string[] {
  const bare = token.replace(/^!+/, '');
  const not = (token.length - bare.length) % 2 === 1 ? '!' : '';
  const [host = '', length] = bare.split('/');
  if (RESOLVED[bare]) return RESOLVED[bare].map(address => not + address);
  if (!isIPv4(host) && !isIPv6(host)) {
    throw new Exit(255, `no IP address found for ${token}\npfctl: cannot load "-": Invalid argument`);
  }
  if (length !== undefined && parsePrefix(bare) === undefined) throw kernelError(state, 'EINVAL');
  const isHost = length === undefined || length === (isIPv4(host) ? '32' : '128');
  return [not + (isHost ? host : bare)];
}

function loadAddresses(state: PfState, file: string | undefined): string[] {
  if (file !== '-') return [];
  const tokens = readFileSync(0, 'utf8')
    .replace(/#.*$/gm, '')
    .split(/\s+/)
    .filter(token => token !== '');
  return tokens.flatMap(token => parseToken(state, token));
}

function checkCount(state: PfState, doing: string, name: string, count: number): void {
  if (count <= state.requestMaxcount) return;
  if (state.namesMaxcount) {
    process.stderr.write(
      `cannot ${doing} ${name}: too many elements.\nConsider increasing net.pf.request_maxcount.`,
    );
  }
  throw kernelError(state, 'EINVAL');
}

function editTable(state: PfState, key: string, command: string, { flags, values }: Options): string {
  const name = values.get('t')!;
  const addresses = loadAddresses(state, values.get('f'));
  const isCreating = state.tables[key] === undefined && command !== 'delete' && state.securelevel < 2;
  const table: DoubleTable | undefined = isCreating ? { flags: '-pa----', addresses: [] } : state.tables[key];
  if (isCreating && flags.has('n')) return '1 table created (dummy).';
  if (table === undefined) throw kernelError(state, 'ESRCH');
  checkCount(state, `${command} addresses`, name, addresses.length);
  if (table.flags.startsWith('c')) throw kernelError(state, 'EPERM');
  const before = table.addresses.length;
  if (command === 'delete') {
    const gone = new Set(addresses);
    table.addresses = table.addresses.filter(address => !gone.has(address));
  } else {
    table.addresses = [...new Set(command === 'add' ? [...table.addresses, ...addresses] : addresses)];
  }
  state.tables[key] = table;
  const total = Object.values(state.tables).reduce((sum, one) => sum + one.addresses.length, 0);
  if (total > state.limit) throw kernelError(state, 'ENOMEM');
  const changed = Math.abs(table.addresses.length - before);
  return command === 'replace' && changed === 0
    ? 'no changes.'
    : `${changed}/${addresses.length} addresses ${command === 'delete' ? 'deleted' : 'added'}.`;
}

function showTables(state: PfState, anchor: string): void {
  for (const [key, { flags }] of Object.entries(state.tables)) {
    const slash = key.lastIndexOf('/');
    if (key.slice(0, Math.max(0, slash)) !== anchor) continue;
    process.stdout.write(`${flags}\t${key.slice(slash + 1)}${anchor === '' ? '' : `\t${anchor}`}\n`);
  }
}

function showInfo(state: PfState, isVerbose: boolean): void {
  const status = `Status: ${state.enabled ? 'Enabled for 1 days 02:03:04' : 'Disabled'}`;
  process.stdout.write(`${status.padEnd(44)}${'Debug: err'.padStart(15)}\n\n`);
  if (isVerbose) process.stdout.write(`Hostid:   0x3f1b2c4d\nChecksum: 0x${state.checksum}\n\n`);
}

const NOISE = 'No ALTQ support in kernel\nALTQ related functions disabled\n';

async function inject({ kind }: DoubleFault, state: PfState): Promise<void> {
  switch (kind) {
    case 'eperm':
      throw kernelError(state, 'EPERM');
    case 'enomem':
      throw kernelError(state, 'ENOMEM');
    case 'vanished':
      throw kernelError(state, 'ESRCH');
    case 'slow':
      return new Promise(resolve => setTimeout(resolve, 60_000));
    case 'killed':
      process.kill(process.pid, 'SIGKILL');
      return new Promise(() => undefined);
    case 'noise':
      process.stderr.write(NOISE);
      return;
    case 'no-device':
      throw new Exit(1, 'pfctl: /dev/pf: No such file or directory');
    case 'no-permission':
      throw new Exit(1, 'pfctl: /dev/pf: Permission denied');
    case 'no-fdescfs':
      throw new Exit(1, 'pfctl: /dev/fd/3: Is a directory');
    case 'babble':
      for (let i = 0; i < 4096; i++) process.stdout.write(`${'   192.0.2.1\n'.repeat(100)}`);
      return;
    case 'usage':
      throw new Exit(1, USAGE);
    case 'status-1':
    case 'status-2':
    case 'status-3':
    case 'status-255':
      process.stderr.write(state.platform === 'freebsd' ? NOISE : '');
      throw new Exit(Number(kind.slice('status-'.length)));
  }
}

async function run(directory: string, argv: readonly string[]): Promise<void> {
  appendFileSync(join(directory, 'calls'), `${JSON.stringify(argv)}\n`);
  const options = parseOptions(argv);
  const { flags, values } = options;
  const device = /^\/dev\/fd\/(\d+)$/.exec(values.get('p') ?? '')?.[1];
  if (device !== undefined) {
    const { rdev } = fstatSync(Number(device));
    appendFileSync(join(directory, 'devices'), `${JSON.stringify({ device: values.get('p'), rdev })}\n`);
  }
  const state = loadState(directory);
  const command = values.get('T') ?? values.get('s') ?? '';
  const fault = state.faults.find(one => one.command === undefined || one.command === command);
  if (fault !== undefined) {
    if (fault.times !== undefined) fault.times -= 1;
    state.faults = state.faults.filter(one => one.times === undefined || one.times > 0);
    saveState(directory, state);
    await inject(fault, state);
  }
  const anchor = values.get('a') ?? '';
  const name = values.get('t') ?? '';
  if (name.length > 31) throw new Exit(1, USAGE);
  if (anchor !== '' && !state.anchors.includes(anchor)) throw kernelError(state, 'ENOENT');
  const key = anchor === '' ? name : `${anchor}/${name}`;
  if (command === 'Tables') return showTables(state, anchor);
  if (command === 'info') return showInfo(state, flags.has('v'));
  if (command === 'show') {
    const table = state.tables[key];
    if (table === undefined) throw kernelError(state, 'ESRCH');
    checkCount(state, 'get addresses from', name, table.addresses.length);
    process.stdout.write(
      table.addresses.map(text => `${text.startsWith('!') ? '  ' : '   '}${text}\n`).join(''),
    );
    return;
  }
  if (!['add', 'delete', 'replace'].includes(command)) throw new Exit(1, USAGE);
  const report = editTable(state, key, command, options);
  if (!flags.has('n')) saveState(directory, state);
  if (!flags.has('q')) process.stderr.write(`${report}\n`);
}

const [directory = '', ...argv] = process.argv.slice(2);
try {
  await run(directory, argv);
} catch (error) {
  if (!(error instanceof Exit)) throw error;
  if (error.message !== '') process.stderr.write(`${error.message}\n`);
  process.exitCode = error.status;
}
