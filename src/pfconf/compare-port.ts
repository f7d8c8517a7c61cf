// Whether a port is inside of what a rule's port item says (pf_match() of pf.c).

import type { PortItem } from './ast.js';
import { resolvePort } from './services.js';

/** Whether the item holds the port; undefined where it names a port that nobody knows. */
export function comparePort(
  item: PortItem,
  port: number,
  services: ReadonlyMap<string, number>,
): boolean | undefined {
  const low = resolvePort(item.low, services);
  const high = item.high === undefined ? low : resolvePort(item.high, services);
  if (low === undefined || high === undefined) return undefined;
  switch (item.operator) {
    case '=':
      return port === low;
    case '!=':
      return port !== low;
    case '<':
      return port < low;
    case '<=':
      return port <= low;
    case '>':
      return port > low;
    case '>=':
      return port >= low;
    case ':':
      return port >= low && port <= high;
    case '><':
      return port > low && port < high;
    case '<>':
      return port < low || port > high;
  }
}
