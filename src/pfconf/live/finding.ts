// Findings about the machine rather than its rules.

import type { Finding, Severity } from '../check/report.js';

/** A finding that is about no rule. */
export function systemFinding(
  id: string,
  severity: Severity,
  message: string,
  advice: string,
  corrected: string | null = null,
): Finding {
  return { id, severity, message, advice, rule: null, corrected, placement: null, rows: [] };
}
