// The policy of a recorded capture: what the settings ask for, and the guard over the rules that were in force.

import type { Settings } from '../options/table.js';
import type { Policy } from '../policy/policy.js';
import { makePolicy } from './make-policy.js';

/**
 * Makes the policy; the reader of rules is loaded only where there are some.
 * @param onGuarded called with a line for people when a rule's record is refused for the first time
 * @param onGap called with a line for people for what of the rules was not read
 * @throws {UsageError} when a file cannot be read, or nothing of it is understood
 */
export async function guardedPolicy(
  settings: Settings,
  onGuarded: (line: string) => void,
  onGap: (line: string) => void,
): Promise<Policy> {
  const policy = makePolicy(settings);
  if (settings['pf-rules'] === undefined && settings['guard-rules'].length === 0) return policy;
  const { describeGaps, describeGuarded, guardFromFile, policyGuard } = await import('./rule-guard.js');
  const guard = guardFromFile(settings);
  for (const line of describeGaps(guard)) onGap(line);
  return { ...policy, ...policyGuard(guard, rule => onGuarded(describeGuarded(rule))) };
}
