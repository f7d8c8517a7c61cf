// One line of the table of verdicts.

import { referTo } from './reference.js';
import type { Finding, VerdictRow } from './report.js';
import { isAsItShouldBe } from './right.js';
import type { Judged, Subject } from './subject.js';

/** The row of a connection, with the advice of the first finding that is about it. */
export function toRow(judged: Judged, findings: readonly Finding[], subject: Subject): VerdictRow {
  const { connection, verdict } = judged;
  const { id, role, direction, family, title } = connection;
  const cause = findings.find(finding => finding.rows.includes(id));
  const { goesTo, spamlogd } = verdict;
  const isRight = isAsItShouldBe({ role, family, goesTo, spamlogd }, subject.options.policy.inboundOnly);
  return {
    id,
    role,
    direction,
    family,
    connection: title,
    decidedBy: verdict.rule && referTo(verdict.rule, subject.dialect),
    goesTo,
    logs: verdict.records.map(({ record }) => ({
      to: `pflog${record.logInterface}`,
      rule: referTo(record.rule, subject.dialect),
    })),
    spamlogd,
    ok: cause && cause.severity !== 'note' ? false : isRight,
    advice: cause?.advice ?? null,
    doubts: verdict.doubts,
  };
}
