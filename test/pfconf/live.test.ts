import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TABLES } from '../../src/pfconf/check/options.js';
import type { CheckReport } from '../../src/pfconf/check/report.js';
import { DEFAULT_POLICY } from '../../src/pfconf/evaluate/effect.js';
import { parseIfconfig } from '../../src/pfconf/live/ifconfig.js';
import { parseTableLimit, readRulesChecksum } from '../../src/pfconf/live/rules.js';
import { type FileInfo, nodeSystem, type System } from '../../src/pfconf/live/system.js';
import { checkLiveNftables, checkLivePf, type LiveOptions } from '../../src/pfconf/live.js';
import { parseServices } from '../../src/pfconf/services.js';

const IFCONFIG = `lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 32768
	index 3 priority 0 llprio 3
	groups: lo
	inet6 ::1 prefixlen 128
	inet6 fe80::1%lo0 prefixlen 64 scopeid 0x3
	inet 127.0.0.1 netmask 0xff000000
em0: flags=808843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,AUTOCONF4> mtu 1500
	lladdr 00:00:5e:00:53:01
	index 1 priority 0 llprio 3
	groups: egress mail
	status: active
	inet 198.51.100.25 netmask 0xffffffe0 broadcast 198.51.100.31
	inet6 fe80::200:5eff:fe00:5301%em0 prefixlen 64 scopeid 0x1
	inet6 2001:db8:25::25 prefixlen 48
em1: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> metric 0 mtu 1500
	inet 10.0.0.1 netmask 255.255.255.0 broadcast 10.0.0.255
`;

const RULES = `@0 block return all
@1 pass out all flags S/SA
@2 pass in on egress inet proto tcp from any to any port = 25 flags S/SA divert-to 127.0.0.1 port 8025
@3 pass in log on egress proto tcp from <spamd-white:2> to any port = 25 flags S/SA
@4 pass out log on egress proto tcp from any to any port = 25 flags S/SA
`;

/** Answers of a healthy OpenBSD machine, by command line. */
const COMMANDS: Record<string, string> = {
  '/sbin/pfctl -a * -vvsr': RULES,
  '/sbin/pfctl -s info': 'Status: Enabled for 3 days 04:11:12           Debug: err\n',
  '/sbin/pfctl -s memory': 'states        hard limit   100000\ntable-entries hard limit   200000\n',
  '/sbin/pfctl -v -s Interfaces': 'em0\nlo\nlo0 (skip)\n',
  '/sbin/pfctl -t spamd-white -T show': '   192.0.2.1\n   192.0.2.2\n',
  '/sbin/ifconfig -a': IFCONFIG,
  '/sbin/ifconfig pflog0':
    'pflog0: flags=141<UP,RUNNING,PROMISC> mtu 33136\n\tindex 4 priority 0 llprio 3\n\tgroups: pflog\n',
  '/sbin/route -n get default': '   route to: 0.0.0.0\n  interface: em0\n',
  '/usr/bin/id -u _spamd': '62\n',
  '/bin/ps -axo pid=,args=':
    '  1 /sbin/init\n 77 /usr/libexec/spamd -v\n 80 pflogd: [running] -s 160 -i pflog0\n',
  '/usr/sbin/ntpctl -s status': '4/4 peers valid, clock synced, stratum 3\n',
};
const FILES: Record<string, FileInfo> = {
  '/sbin/pfctl': { mode: 0o555, uid: 0, gid: 7 },
  '/var/db/spamd': { mode: 0o644, uid: 62, gid: 62 },
  '/etc/mail/spamd.key': { mode: 0o600, uid: 0, gid: 0 },
};

interface Change {
  readonly commands?: Record<string, string | { status: number; stderr: string }>;
  readonly files?: Record<string, FileInfo | undefined>;
  readonly texts?: Record<string, string>;
  readonly platform?: string;
  readonly now?: number;
}

/** That machine with something changed. */
function machine({
  commands = {},
  files = {},
  texts = {},
  platform = 'openbsd',
  now = 1_760_000_000,
}: Change = {}): System {
  const answers: NonNullable<Change['commands']> = { ...COMMANDS, ...commands };
  const stats: Record<string, FileInfo | undefined> = { ...FILES, ...files };
  return {
    platform,
    run: async (command, args) => {
      const answer = answers[[command, ...args].join(' ')];
      if (answer === undefined) return { status: null, stdout: '', stderr: `${command}: not found` };
      return typeof answer === 'string'
        ? { status: 0, stdout: answer, stderr: '' }
        : { stdout: '', ...answer };
    },
    readFile: async path => texts[path],
    stat: async path => stats[path],
    now: () => now,
  };
}

const LIVE: LiveOptions = {
  user: '_spamd',
  database: '/var/db/spamd',
  keyFile: '/etc/mail/spamd.key',
  ownPids: [99],
};
const CHECK = { ...DEFAULT_TABLES, policy: DEFAULT_POLICY };

async function findings(change: Change, dialect: 'openbsd' | 'freebsd' = 'openbsd'): Promise<string[]> {
  const report = await checkLivePf(machine(change), dialect, CHECK, LIVE);
  return report.findings.map(finding => finding.id);
}

test('a healthy machine has nothing to put right, and nothing is guessed about it', async () => {
  const report: CheckReport = await checkLivePf(machine(), 'openbsd', CHECK, LIVE);
  assert.deepEqual(
    report.findings.map(finding => finding.id),
    [],
  );
  assert.deepEqual(report.assumptions, []);
  const verdicts = report.rows.map(row => `${row.id} ${row.goesTo} ${row.spamlogd}`);
  assert.deepEqual(verdicts, [
    'in-white-inet mta whitelists',
    'in-white-inet6 mta whitelists',
    'in-stranger-inet tarpit nothing',
    'in-stranger-inet6 blocked nothing',
    'in-trapped-inet tarpit nothing',
    'in-trapped-inet6 blocked nothing',
    'out-mail-server-inet mta whitelists',
    'out-mail-server-inet6 mta whitelists',
    'out-lan-inet blocked nothing',
  ]);
});

const cases: [string, Change, string[]][] = [
  ['pf is off', { commands: { '/sbin/pfctl -s info': 'Status: Disabled\n' } }, ['pf-disabled']],
  [
    'pf cannot be asked',
    {
      commands: {
        '/sbin/pfctl -s info': { status: 1, stderr: 'pfctl: /dev/pf: Permission denied' },
        '/sbin/pfctl -a * -vvsr': { status: 1, stderr: 'pfctl: /dev/pf: Permission denied' },
      },
    },
    ['pf-unreadable'],
  ],
  [
    'pflog0 is not there',
    { commands: { '/sbin/ifconfig pflog0': { status: 1, stderr: 'no such interface' } } },
    ['pflog-missing'],
  ],
  [
    'pflog0 is down',
    { commands: { '/sbin/ifconfig pflog0': 'pflog0: flags=100<PROMISC> mtu 33136\n' } },
    ['pflog-down'],
  ],
  [
    'another spamlogd runs',
    { commands: { '/bin/ps -axo pid=,args=': ' 88 /usr/libexec/spamlogd -I\n 99 spamlogd\n' } },
    ['other-reader'],
  ],
  [
    'it reads another log',
    { commands: { '/bin/ps -axo pid=,args=': ' 88 /usr/libexec/spamlogd -l pflog1\n' } },
    [],
  ],
  [
    'there is no user',
    { commands: { '/usr/bin/id -u _spamd': { status: 1, stderr: 'no such user' } } },
    ['user-missing'],
  ],
  ['there is no database', { files: { '/var/db/spamd': undefined } }, ['database-missing']],
  [
    "the database is root's",
    { files: { '/var/db/spamd': { mode: 0o644, uid: 0, gid: 0 } } },
    ['database-permissions'],
  ],
  [
    'everybody may write it',
    { files: { '/var/db/spamd': { mode: 0o666, uid: 62, gid: 62 } } },
    ['database-open'],
  ],
  ['there is no key', { files: { '/etc/mail/spamd.key': undefined } }, ['key-missing']],
  ['the key is open', { files: { '/etc/mail/spamd.key': { mode: 0o644, uid: 0, gid: 0 } } }, ['key-open']],
  ['there is no pfctl', { files: { '/sbin/pfctl': undefined } }, ['program-missing']],
  [
    'pfctl may not be run',
    { files: { '/sbin/pfctl': { mode: 0o444, uid: 0, gid: 0 } } },
    ['program-not-executable'],
  ],
  ['the clock is at the epoch', { now: 12 }, ['clock-wrong']],
  [
    'the clock drifts',
    { commands: { '/usr/sbin/ntpctl -s status': '0/4 peers valid, clock unsynced\n' } },
    ['clock-unsynchronised'],
  ],
  [
    'the tables are nearly full',
    { commands: { '/sbin/pfctl -s memory': 'table-entries hard limit 2\n' } },
    ['table-limit-near'],
  ],
  [
    'the rule for the tarpit logs',
    { commands: { '/sbin/pfctl -a * -vvsr': RULES.replace('@2 pass in on', '@2 pass in log on') } },
    ['redirect-logs'],
  ],
];

for (const [name, change, expected] of cases) {
  test(`it is found when ${name}`, async () => {
    assert.deepEqual(await findings(change), expected);
  });
}

const FREEBSD = {
  '/sbin/pfctl -a * -vvsn':
    '@0 rdr pass on em0 inet proto tcp from ! <spamd-white:2> to any port = smtp -> 127.0.0.1 port 8025\n',
  '/sbin/pfctl -a * -vvsr':
    '@0 block drop in all\n@1 pass out log all flags S/SA keep state\n@2 pass in log on em0 proto tcp from <spamd-white:2> to any port = smtp flags S/SA keep state\n',
  '/sbin/mount -p': 'fdescfs\t/dev/fd\tfdescfs\trw\t0 0\n',
  '/sbin/sysctl -n net.pf.request_maxcount': '65535\n',
};

test('on FreeBSD the translation rules are asked for too', async () => {
  const report = await checkLivePf(
    machine({ commands: FREEBSD, platform: 'freebsd' }),
    'freebsd',
    CHECK,
    LIVE,
  );
  const row = report.rows.find(({ id }) => id === 'in-stranger-inet');
  assert.equal(row?.goesTo, 'tarpit');
  assert.equal(row?.decidedBy?.text.startsWith('rdr pass on em0'), true);
});

test('on FreeBSD fdescfs has to be mounted, and a request may not be too large', async () => {
  const without = { ...FREEBSD, '/sbin/mount -p': '/dev/ada0p2\t/\tufs\trw\t1 1\n' };
  assert.ok(
    (await findings({ commands: without, platform: 'freebsd' }, 'freebsd')).includes('fdescfs-missing'),
  );
  const small = { ...FREEBSD, '/sbin/sysctl -n net.pf.request_maxcount': '2\n' };
  assert.ok(
    (await findings({ commands: small, platform: 'freebsd' }, 'freebsd')).includes('request-limit-near'),
  );
});

const NFT_CHECK = {
  ...DEFAULT_TABLES,
  groups: [155],
  ports: [25],
  inboundOnly: false,
};
const LINUX: Change = {
  platform: 'linux',
  commands: {
    'nft -j list ruleset': '{"nftables":[]}',
    'timedatectl show --property=NTPSynchronized --value': 'yes\n',
  },
  texts: {
    '/proc/net/netfilter/nfnetlink_log': '  155   4711     0 2 65535      0  1\n',
    '/proc/4711/comm': 'ulogd\n',
  },
};

test('an NFLOG group that another program reads is found, with its name', async () => {
  const report = await checkLiveNftables(machine(LINUX), NFT_CHECK, LIVE);
  const taken = report.findings.find(({ id }) => id === 'nflog-taken');
  assert.match(taken?.message ?? '', /group 155 is read by ulogd \(4711\)/);
  const own = await checkLiveNftables(machine(LINUX), NFT_CHECK, { ...LIVE, ownPids: [4711] });
  assert.equal(
    own.findings.some(({ id }) => id === 'nflog-taken'),
    false,
  );
});

const PROCESSES = [
  '    1     0 /sbin/init',
  ' 4700     1 spamlogd: monitor',
  ' 4701  4700 spamlogd: engine',
  ' 4711  4700 /usr/sbin/tcpdump -i nflog:155',
].join('\n');

test('our own daemon is no other reader: neither its halves nor what captures for it', async () => {
  const args = PROCESSES.replace(/^(\s*\d+)\s+\d+/gm, '$1');
  const commands = {
    ...LINUX.commands,
    '/bin/ps -axo pid=,ppid=,args=': PROCESSES,
    '/bin/ps -axo pid=,args=': args,
  };
  const ids = async (live: LiveOptions): Promise<string[]> => {
    const report = await checkLiveNftables(machine({ ...LINUX, commands }), NFT_CHECK, live);
    return report.findings.map(({ id }) => id).filter(id => ['nflog-taken', 'other-reader'].includes(id));
  };
  assert.deepEqual(await ids({ ...LIVE, daemonPid: 4701 }), []);
  assert.deepEqual(await ids(LIVE), ['nflog-taken', 'other-reader']);
});

test('a spamlogd of other groups, or in another network, is no other reader', async () => {
  const isFound = async (args: string, namespace = 'net:[1]'): Promise<boolean> => {
    const commands = {
      ...LINUX.commands,
      '/bin/ps -axo pid=,args=': ` 5000 ${args}\n`,
      'readlink /proc/self/ns/net': 'net:[1]\n',
      'readlink /proc/5000/ns/net': `${namespace}\n`,
    };
    const report = await checkLiveNftables(machine({ ...LINUX, commands }), NFT_CHECK, LIVE);
    return report.findings.some(({ id }) => id === 'other-reader');
  };
  assert.equal(await isFound('spamlogd -l nflog:154,155'), true);
  assert.equal(await isFound('spamlogd -l nflog:30,31'), false);
  assert.equal(await isFound('spamlogd', 'net:[1]'), true);
  assert.equal(await isFound('spamlogd', 'net:[2]'), false);
});

test('an nft that may not be asked is a finding', async () => {
  const commands = {
    'nft -j list ruleset': { status: 1, stderr: 'Operation not permitted (you must be root)\n' },
  };
  const report = await checkLiveNftables(machine({ ...LINUX, commands }), NFT_CHECK, LIVE);
  const unread = report.findings.find(({ id }) => id === 'rules-unreadable');
  assert.match(unread?.message ?? '', /ended with status 1: Operation not permitted/);
  assert.deepEqual(report.rows, []);
});

test('interfaces are read with their groups and addresses', () => {
  const [, em0, em1] = parseIfconfig(IFCONFIG);
  assert.deepEqual(em0?.groups, ['egress', 'mail']);
  assert.deepEqual(
    em0?.addresses?.map(({ bits }) => bits),
    [123, 64, 48],
  );
  assert.deepEqual(
    em1?.addresses?.map(({ bits }) => bits),
    [120],
  );
  assert.deepEqual(parseIfconfig('nonsense\n\n: flags=1<>'), []);
});

test('the limit of tables is read from what pfctl -s memory prints', () => {
  assert.equal(
    parseTableLimit('tables        hard limit     1000\ntable-entries hard limit   400000\n'),
    400_000,
  );
  assert.equal(parseTableLimit('table-entries unlimited\n'), undefined);
});

test('the checksum of the rules is read, or is not there', async () => {
  const commands = {
    '/sbin/pfctl -v -s info': 'Status: Enabled\nHostid:   0x12\nChecksum: 0x84fc50532b9b5dc2\n',
  };
  assert.equal(await readRulesChecksum(machine({ commands }), '/sbin/pfctl'), '0x84fc50532b9b5dc2');
  assert.equal(await readRulesChecksum(machine(), '/sbin/pfctl'), undefined);
});

test('services have their TCP port first, and all their names', () => {
  const text =
    'smtp 25/tcp mail # mail\nspamd\t8025/udp\ndomain 53/udp\ndomain 53/tcp\nx 99999/tcp\n# y 1/tcp\n';
  assert.deepEqual(
    [...parseServices(text)],
    [
      ['smtp', 25],
      ['mail', 25],
      ['domain', 53],
      ['spamd', 8025],
    ],
  );
});

test('the machine that this runs on answers, and what it cannot answer is no error', async () => {
  const system = nodeSystem();
  const said = await system.run(process.execPath, ['-e', 'console.log("yes"); process.exitCode = 3']);
  assert.deepEqual([said.status, said.stdout], [3, 'yes\n']);
  const missing = await system.run('/nonexistent/program', []);
  assert.equal(missing.status, null);
  assert.match(missing.stderr, /ENOENT/);
  assert.equal(await system.readFile('/nonexistent/file'), undefined);
  assert.equal(await system.stat('/nonexistent/file'), undefined);
  assert.equal((await system.stat(process.execPath))?.uid, (await system.stat(process.execPath))?.uid);
  assert.ok(system.now() > 1_700_000_000);
});
