// sync push: sends the whitelist to the targets at a bounded rate, for peers that were down or are new.

import { openDatabase } from '../daemon/open-database.js';
import type { Settings } from '../options/table.js';
import { UsageError } from '../options/usage-error.js';
import type { Store } from '../store/store.js';
import { readSyncKey } from '../sync/key.js';
import { SyncSender } from '../sync/sender.js';
import { REAL_SURROUNDINGS } from '../sync/surroundings.js';
import { resolveTargets } from '../sync/target.js';
import type { Context } from './command.js';
import { EXIT } from './exit-status.js';
import { formatNumber } from './format.js';

/** Runs the command; status 69 when no target could be reached. @throws {UsageError} @throws {StoreError} */
export async function run({ settings, operands, output, warn }: Context): Promise<number> {
  const [verb, ...hosts] = operands;
  if (verb !== 'push') throw new UsageError(`unknown operand "${verb}"; did you mean "push"?`);
  const texts = [...new Set(hosts.length > 0 ? hosts : settings['sync-target'])];
  if (texts.length === 0) throw new UsageError('"sync push" needs a HOST, or targets with -Y');
  const { key, warnings } = await readSyncKey(settings['sync-key']).catch(usage);
  for (const warning of warnings) warn(`warning: ${warning}`);
  const targets = await resolveTargets(texts, REAL_SURROUNDINGS).catch(usage);
  const store = await openDatabase(settings, { isReadOnly: true }, { warn });
  const sender = new SyncSender({
    targets,
    key,
    port: settings['sync-port'],
    group: settings['sync-group'],
    whiteexpSeconds: settings.whiteexp * 3600,
    log: { info: warn, warn, error: warn },
    confirm: async () => new Map(),
  });
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const isTerminal = process.stderr.isTTY === true;
  try {
    await sender.start();
    const result = await sender.push(whiteEntries(store, settings), {
      signal: interrupt.signal,
      onProgress: ({ addresses }) => {
        if (isTerminal) process.stderr.write(`\r\x1b[K${formatNumber(addresses)} addresses sent`);
      },
    });
    if (isTerminal) process.stderr.write('\r\x1b[K');
    const skipped = result.skipped > 0 ? `, ${formatNumber(result.skipped)} skipped (not IPv4)` : '';
    await output.line(
      `${count(result.addresses, 'address', 'addresses')} sent in ${count(result.messages, 'message', 'messages')}${skipped}: ${result.end}`,
    );
    return { complete: EXIT.ok, aborted: EXIT.interrupted, unreachable: EXIT.unavailable }[result.end];
  } finally {
    await sender.close();
    await store.close();
  }
}

function count(value: number, one: string, many: string): string {
  return `${formatNumber(value)} ${value === 1 ? one : many}`;
}

function usage(error: Error): never {
  throw new UsageError(error.message);
}

async function* whiteEntries(
  store: Store,
  settings: Settings,
): AsyncGenerator<{ address: string; expire: number }> {
  const now = Math.floor(Date.now() / 1000);
  const { since } = settings;
  const options = {
    now,
    status: new Set(['WHITE'] as const),
    whiteexpSeconds: settings.whiteexp * 3600,
    sort: 'database' as const,
    ...(since !== undefined && { seenSince: 'time' in since ? since.time : now - since.age }),
  };
  for await (const record of store.list(options)) {
    if (record.kind === 'address') yield { address: record.address, expire: record.entry.expire };
  }
}
