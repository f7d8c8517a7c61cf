// A receiver of unix datagrams, which Node has not: a few lines of perl, part of every base system we run on.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

const PROGRAM = `
  use Socket; $| = 1;
  my $path = shift; $path =~ s/^@/\\0/;
  socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die $!;
  bind($s, pack_sockaddr_un($path)) or die "$path: $!";
  print "ready\\n";
  while (defined recv($s, my $text, 65536, 0)) { print unpack("H*", $text), "\\n"; }
`;

/** Why there is none, or false. */
export const noDatagrams: string | false =
  spawnSync('perl', ['-MSocket', '-e', '1']).status !== 0 && 'no perl here';

/** A bound socket. */
export interface DatagramReceiver {
  readonly process: ChildProcess;
  /** The next datagram, in order of arrival. Fails when none comes. */
  next(seconds?: number): Promise<string>;
  close(): void;
}

/** Binds a socket at that path; one that begins with `@` is in Linux's abstract namespace. */
export async function receiveDatagrams(
  path: string,
  command: readonly string[] = [],
): Promise<DatagramReceiver> {
  const [file, ...args] = [...command, 'perl', '-e', PROGRAM, path];
  const perl = spawn(file!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(perl.stdout)[Symbol.asyncIterator]();
  const next = async (seconds = 30): Promise<string> => {
    const tooLate = setTimeout(seconds * 1000, undefined, { ref: false });
    const line = await Promise.race([lines.next(), tooLate]);
    if (line === undefined) throw new Error(`no datagram in ${seconds} s`);
    if (line.done) throw new Error('the receiver of datagrams ended');
    return line.value;
  };
  await next();
  return {
    process: perl,
    next: async seconds => Buffer.from(await next(seconds), 'hex').toString(),
    close: () => perl.kill('SIGKILL'),
  };
}
