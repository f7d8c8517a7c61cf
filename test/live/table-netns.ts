// Network namespaces for the live tests of tables: made for one test, removed with everything in them.

import { spawnSync } from 'node:child_process';
import { createRunner, type Runner } from '../../src/table/runner.js';

/** Why live tests cannot run here, or false. */
export const CANNOT_RUN: string | false = findObstacle();

function findObstacle(): string | false {
  if (process.platform !== 'linux') return 'nftables and network namespaces are of Linux';
  if (process.getuid?.() !== 0) return 'making network namespaces needs root';
  for (const program of ['ip', 'nft', 'tcpdump', 'setpriv']) {
    if (spawnSync(program, ['-V']).error) return `${program} is not installed`;
  }
  const probe = spawnSync('ip', ['netns', 'exec', 'spamlogd-no-such-namespace', 'true'], {
    encoding: 'utf8',
  });
  return probe.stderr.includes('Operation not permitted') ? 'network namespaces are forbidden here' : false;
}

let made = 0;

/** A network namespace. */
export class Namespace {
  readonly name: string;

  constructor() {
    made += 1;
    this.name = `spamlogd-${process.pid}-${made}`;
    run('ip', ['netns', 'add', this.name]);
    run('ip', ['-n', this.name, 'link', 'set', 'lo', 'up']);
  }

  /** Runs a program inside to its end; throws when it fails. */
  run(program: string, args: readonly string[], input = ''): string {
    return run('ip', ['netns', 'exec', this.name, program, ...args], input);
  }

  /** Loads rules in nft's own syntax. */
  nft(rules: string): void {
    this.run('nft', ['-f', '-'], rules);
  }

  /** What makes a program run inside. */
  get prefix(): readonly ['ip', 'netns', 'exec', string] {
    return ['ip', 'netns', 'exec', this.name];
  }

  /** A runner whose nft works inside. */
  get runner(): Runner {
    return createRunner({ commands: { nft: [...this.prefix, 'nft'] } });
  }

  remove(): void {
    run('ip', ['netns', 'del', this.name]);
  }
}

/** Connects two namespaces by a cable with an end named `eth0` in each, and gives the ends their addresses. */
export function connect(
  a: Namespace,
  b: Namespace,
  addressesA: readonly string[],
  addressesB: readonly string[],
): void {
  run('ip', ['-n', a.name, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b.name]);
  for (const [{ name }, addresses] of [
    [a, addressesA],
    [b, addressesB],
  ] as const) {
    for (const address of addresses) {
      run('ip', [
        '-n',
        name,
        'address',
        'add',
        address,
        'dev',
        'eth0',
        ...(address.includes(':') ? ['nodad'] : []),
      ]);
    }
    run('ip', ['-n', name, 'link', 'set', 'eth0', 'up']);
  }
}

function run(program: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: status ${status}: ${stderr.trim()}`);
  return stdout;
}
