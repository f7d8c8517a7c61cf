// What a check finds: a row for each connection that matters, and what is wrong with the rules.

import type { Position } from '../source.js';

/** A rule as a reader finds it again. */
export interface RuleReference {
  /** `pf.conf:12`, or `inet filter input, handle 7`. */
  readonly place: string;
  /** Null where the rule was not read from a file that people write. */
  readonly position: Position | null;
  /** pf: path of the anchor, '' for the main ruleset. nftables: family, table and chain. */
  readonly ruleset: string;
  /** pf: the rule's number in its ruleset, null where that cannot be told from the text. nftables: its handle. */
  readonly number: number | null;
  readonly text: string;
}

/** Where a connection ends. Of an outbound one, `mta` is the mail server out there. */
export type Destination = 'mta' | 'tarpit' | 'blocked' | 'unknown';

/** What spamlogd(8) makes of a connection; `guarded` is what only the rule guard keeps it from whitelisting. */
export type SpamlogdEffect = 'whitelists' | 'guarded' | 'nothing' | 'unknown';

/** Who speaks to whom. */
export type Role = 'white' | 'nospamd' | 'stranger' | 'trapped' | 'mail-server' | 'lan';

/** What became of one connection. */
export interface VerdictRow {
  /** `in-white-inet` and the like: stable, for scripts. */
  readonly id: string;
  readonly role: Role;
  readonly direction: 'in' | 'out';
  readonly family: 'inet' | 'inet6';
  /** The connection in words. */
  readonly connection: string;
  /** Null where no rule decides and the firewall passes by default. */
  readonly decidedBy: RuleReference | null;
  readonly goesTo: Destination;
  /** Where the connection is logged, and by which rule. */
  readonly logs: readonly { readonly to: string; readonly rule: RuleReference }[];
  readonly spamlogd: SpamlogdEffect;
  /** Whether that is as it should be; null where it is neither right nor wrong, or not known. */
  readonly ok: boolean | null;
  /** One sentence where it is not. */
  readonly advice: string | null;
  /** What the outcome hangs on, where it is not known. */
  readonly doubts: readonly string[];
}

/** `error`: mail or the whitelist suffers. `warning`: part of it does. `note`: worth knowing, nothing is wrong. */
export type Severity = 'error' | 'warning' | 'note';

/** Where a corrected text goes: in the place of the statement that begins there, before it, behind it, or at an end. */
export interface Placement {
  readonly how: 'instead' | 'before' | 'behind' | 'top' | 'end';
  /** Null at the top and at the end of the main ruleset. */
  readonly position: Position | null;
}

/** Something to put right. */
export interface Finding {
  /** Stable, for scripts. */
  readonly id: string;
  readonly severity: Severity;
  readonly message: string;
  readonly advice: string;
  readonly rule: RuleReference | null;
  /** The rule, or lines to add, as it should be; null where there is no such text. */
  readonly corrected: string | null;
  /** Where that goes; null where it is a command, or nftables says so in the advice. */
  readonly placement: Placement | null;
  /** Ids of the rows that go wrong because of it. */
  readonly rows: readonly string[];
}

/** The result of a check. */
export interface CheckReport {
  readonly firewall: 'pf' | 'nftables';
  /** What was taken for granted: which interface is outside, which address is the mail server's. */
  readonly assumptions: readonly string[];
  readonly rows: readonly VerdictRow[];
  readonly findings: readonly Finding[];
}

/** Whether nothing is wrong: notes do not count. */
export function isClean(report: CheckReport): boolean {
  return report.findings.every(finding => finding.severity === 'note');
}
