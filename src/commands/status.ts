// status: asks the running daemon how it fares.

import { UsageError } from '../options/usage-error.js';
import { readDaemon } from '../system/control-client.js';
import type { Context } from './command.js';
import { EXIT } from './exit-status.js';
import { formatNumber } from './format.js';

/** Runs the command; status 69 when no daemon answers. @throws {UsageError} */
export async function run({ settings, output, warn }: Context): Promise<number> {
  const { json, metrics, 'control-socket': socket } = settings;
  if (json && metrics) throw new UsageError('options "--json" and "--metrics" exclude each other');
  let answer: string;
  try {
    answer = await readDaemon(socket, 'GET', metrics ? '/metrics' : '/status');
  } catch (error) {
    warn((error as Error).message);
    return EXIT.unavailable;
  }
  if (json || metrics) output.add(answer);
  else for (const line of describe(JSON.parse(answer), '')) output.add(`${line}\n`);
  return EXIT.ok;
}

/** One line a value, nested ones indented; what is null is unknown and left out. */
function describe(value: object, indent: string): string[] {
  return Object.entries(value).flatMap(([name, inner]) => {
    if (inner === null || (typeof inner === 'object' && Object.keys(inner).length === 0)) return [];
    if (typeof inner === 'object') return [`${indent}${name}`, ...describe(inner, `${indent}  `)];
    const text = typeof inner === 'number' && name !== 'pid' ? formatNumber(inner) : String(inner);
    return [`${indent}${name.padEnd(Math.max(1, 20 - indent.length))} ${text}`];
  });
}
