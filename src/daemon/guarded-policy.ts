// The policy of a recorded capture: what the settings ask for, and the guard over the rules that were in force.

import type { Settings } from '../options/table.js';
import type { Policy } from '../policy/policy.js';
import { makePolicy } from './make-policy.js';

/**
 * Makes the policy; the reader of rules is loaded only where there are some.
 * @param onGuarded called with a line for people when a rule's record is refused for the first time
 * @throws {UsageError} when a file cannot be read
 */
export async function guardedPolicy(settings: Settings, onGuarded: (line: string) => void): Promise<Policy> {
  const policy = makePolicy(settings);
  if (settings['pf-rules'] === undefined && settings['guard-rules'].length === 0) return policy;
  const { describeGuarded, guardFromFile, policyGuard } = await import('./rule-guard.js');
  return { ...policy, ...policyGuard(guardFromFile(settings), rule => onGuarded(describeGuarded(rule))) };
}
