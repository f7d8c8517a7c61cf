// How soon whom one mail server writes to is in the tables of all: from the order to connect until the elements are in
// the kernels' sets, through real daemons in network namespaces. Needs root, nft and ip: `node dist/bench/sync.js`.

import { noLab, type Program } from '../test/live/capture-lab.js';
import { type MailServer, onMailNetwork } from '../test/live/mail-network.js';

const CORRESPONDENTS = 200;
const AIM_MS = 100;
/** As much as an answer of its correspondent would take, so that each is alone. */
const PAUSE_MS = 20;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Says a line when an element comes into a set. */
async function watchTable(server: MailServer): Promise<Program> {
  const watcher = server.watch(['nft', 'monitor', 'new', 'elements']);
  // It says nothing when it begins: elements come until it has seen one.
  for (let i = 1; ; i++) {
    server.run('nft', ['add', 'element', 'inet', 'spamlogd', 'white4', `{ 192.0.2.${i} timeout 1h }`]);
    const hasBegun = await watcher.next(/add element/, 0.5).catch(() => undefined);
    if (hasBegun !== undefined) return watcher;
  }
}

function percentile(values: readonly number[], part: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN).toFixed(2);
}

function report(name: string, times: readonly number[], aim?: number): void {
  const late = aim === undefined ? '' : `; ${times.filter(time => time > aim).length} above ${aim} ms`;
  const [p50, p99, worst] = [0.5, 0.99, 1].map(part => percentile(times, part));
  print(`${name}: p50 ${p50} ms, p99 ${p99} ms, worst ${worst} ms, ${times.length} correspondents${late}`);
}

async function measure(how: string, options: (server: MailServer, all: MailServer[]) => string[]) {
  await onMailNetwork(3, async (...servers) => {
    const [first] = servers;
    for (const server of servers) await server.start(...options(server, servers), '--log-level', 'info');
    const watchers = await Promise.all(servers.map(watchTable));
    const own: number[] = [];
    const last: number[] = [];
    for (let i = 0; i < CORRESPONDENTS; i++) {
      const address = `198.51.100.${i + 1}`;
      const start = performance.now();
      const connected = first!.connect(address);
      const times = await Promise.all(
        watchers.map(async watcher => {
          await watcher.next(new RegExp(`{ ${address.replaceAll('.', '\\.')}[ }]`));
          return performance.now() - start;
        }),
      );
      own.push(times[0]!);
      last.push(Math.max(...times.slice(1)));
      await connected;
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS));
    }
    report(`connection to the server's own table, ${how}`, own);
    report(`connection to the tables of two peers, ${how}`, last, AIM_MS);
  });
}

if (noLab) print(`cannot run here: ${noLab}`);
else {
  await measure('unicast', (self, all) => [
    '-y',
    self.address,
    ...all.filter(other => other !== self).flatMap(({ address }) => ['-Y', address]),
  ]);
  await measure('multicast', () => ['-Y', 'mx0', '-y', 'mx0']);
}
