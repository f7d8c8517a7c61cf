// status: asks the running daemon how it fares.

import { askDaemon } from '../system/control-client.js';
import type { Context } from './command.js';
import { EXIT } from './exit-status.js';
import { formatNumber } from './format.js';

/** Runs the command; status 69 when no daemon answers. */
export async function run({ settings, output, warn }: Context): Promise<number> {
  let report: Record<string, unknown>;
  try {
    report = (await askDaemon(settings['control-socket'], 'GET', '/status')) as Record<string, unknown>;
  } catch (error) {
    warn((error as Error).message);
    return EXIT.unavailable;
  }
  if (settings.json) output.add(`${JSON.stringify(report)}\n`);
  else for (const line of describe(report, '')) output.add(`${line}\n`);
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
