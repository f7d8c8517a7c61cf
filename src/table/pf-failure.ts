// What pfctl's statuses and texts mean, in a sentence that says what to do (texts of pfctl_table.c and pfctl_radix.c).

import { firstLine, type Reason } from './run-failure.js';
import type { PfTableSpec } from './table-spec.js';

/** A run that failed: what it said, and how many entries it moved, Infinity where nobody knows. */
export interface PfctlFailure {
  readonly status: number;
  readonly stderr: string;
  readonly count: number;
}

/** FreeBSD's cap on one request is 65,535 entries by default; a refused request far below it has another reason. */
const CAP_SUSPECT_COUNT = 4096;

/** A text of pfctl's, in any of its dialects, and what it means. */
interface Rule {
  readonly text: RegExp;
  readonly explain: (spec: PfTableSpec, count: number) => Reason | undefined;
}

const RULES: readonly Rule[] = [
  { text: /too many elements|request_maxcount/, explain: (_, count) => tooMany(count) },
  {
    text: /Table does not exist/,
    explain: ({ anchor, table }) => ({
      code: 'missing',
      words: `there is no such table; declare "table <${table}> persist" in ${anchor === '' ? 'pf.conf' : 'the anchor'}`,
    }),
  },
  // OpenBSD says so of any invalid argument, FreeBSD of a missing anchor only.
  { text: /Anchor (or Ruleset )?does not exist/, explain: spec => noAnchor(spec) },
  {
    text: /Invalid argument/,
    explain: (_, count) => (count > CAP_SUSPECT_COUNT ? tooMany(count) : undefined),
  },
  {
    text: /Cannot allocate memory/,
    explain: () => ({
      code: 'full',
      words: 'pf has no room for more; raise "set limit table-entries" in pf.conf',
    }),
  },
  {
    text: /\/dev\/fd(\/\d+)?: (Is a directory|No such file or directory)/,
    explain: () => ({
      code: 'unavailable',
      words: 'pfctl cannot use the open /dev/pf; mount fdescfs on /dev/fd',
    }),
  },
  {
    text: /\/dev\/pf: No such file or directory/,
    explain: () => ({
      code: 'unavailable',
      words: 'pf is not in this kernel; load it, or name another --table',
    }),
  },
  {
    text: /Operation not permitted|Permission denied/,
    explain: () => ({
      code: 'permission',
      words: 'pf forbids it; run pfctl as root (some kernels check the caller, whoever opened /dev/pf)',
    }),
  },
];

function tooMany(count: number): Reason {
  const above = count > 0 && count < Number.POSITIVE_INFINITY ? ` above ${count}` : '';
  return {
    code: 'too-many',
    words: `pf takes fewer entries in one request; raise sysctl net.pf.request_maxcount${above}`,
  };
}

function noAnchor({ anchor }: PfTableSpec): Reason {
  if (anchor !== '')
    return { code: 'missing', words: `there is no anchor "${anchor}"; load it, or correct --table` };
  return { code: 'failed', words: 'pfctl calls an argument invalid (it says that an anchor does not exist)' };
}

/** What a status means of which pfctl said nothing (pfctl.c, pfctl_table.c). */
const SILENT: ReadonlyMap<number, string> = new Map([
  [
    1,
    'pfctl could not open /dev/pf, or does not know its arguments (status 1); run it as root, and see that it is the pfctl of this system',
  ],
  [
    2,
    'pfctl found that not all addresses match (status 2), which it was not asked; see that it is the pfctl of this system',
  ],
  [
    255,
    'pf refused it and gave no reason (status 255); see whether "pfctl -T show" can read the table, and load the rules anew',
  ],
]);

/** Why pfctl failed. */
export function explainPfctl(spec: PfTableSpec, { status, stderr, count }: PfctlFailure): Reason {
  for (const { text, explain } of RULES) {
    const reason = text.test(stderr) ? explain(spec, count) : undefined;
    if (reason !== undefined) return reason;
  }
  // Kernels without ALTQ make pfctl say so on every run; it is never the reason.
  const said = stderr
    .split('\n')
    .filter(line => !line.includes('ALTQ'))
    .join('\n');
  const silent = said.trim() === '' ? SILENT.get(status) : undefined;
  const words = silent ?? `pfctl ended with status ${status}: ${firstLine(said)}`;
  return { code: 'failed', words };
}
