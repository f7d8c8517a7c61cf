// Checks an nftables ruleset: plays the connections that a check of pf plays, and says what is wrong.

import { connectionsOf } from '../check/connections.js';
import type { CheckReport, Finding, RuleReference, VerdictRow } from '../check/report.js';
import { isAsItShouldBe } from '../check/right.js';
import { DEFAULT_SERVICES } from '../services.js';
import {
  connectionsThatAreNotSeen,
  groupsThatAreShared,
  lanThatIsCounted,
  logsWithoutSynTest,
  nftInDoubt,
  strangersThatAreCounted,
  strangersThatAreNotSentAway,
  whitelistedHostsThatAreLost,
  whiteSetThatIsMissing,
} from './findings.js';
import { readNftables } from './read.js';
import { buildNftScenario, type NftCheckOptions, whiteSets } from './scenario.js';
import { type NftLook, type NftSubject, referToNft } from './subject.js';
import { judgeNft, type NftVerdict } from './verdict.js';

const LOOKS: readonly NftLook[] = [
  strangersThatAreCounted,
  whitelistedHostsThatAreLost,
  connectionsThatAreNotSeen,
  whiteSetThatIsMissing,
  strangersThatAreNotSentAway,
  lanThatIsCounted,
  logsWithoutSynTest,
  groupsThatAreShared,
  nftInDoubt,
];

/** Checks what `nft -j list ruleset` printed. Never throws, whatever the text. */
export function checkNftables(text: string, file: string, options: NftCheckOptions): CheckReport {
  const ruleset = readNftables(text, file);
  const scenario = buildNftScenario(ruleset, options);
  const own = Object.values(scenario.mailServer).filter(words => words !== null);
  const lookup = { ruleset, services: options.services ?? DEFAULT_SERVICES, own };
  const tables = new Set([...ruleset.sets.values()].map(set => set.name));
  const names = { ...options, whiteTables: whiteSets(ruleset, options.whiteTables) };
  const verdicts = connectionsOf(scenario, names, tables).map(connection =>
    judgeNft(connection, scenario, options, lookup),
  );
  const subject: NftSubject = { ruleset, options, scenario, lookup, verdicts };
  const findings = LOOKS.flatMap(look => look(subject));
  const guessed = names.whiteTables.filter(name => !options.whiteTables.includes(name));
  return {
    firewall: 'nftables',
    assumptions: [...scenario.assumptions, ...guessed.map(name => `the whitelist is the set ${name}`)],
    rows: verdicts.map(verdict => toRow(verdict, findings, options)),
    findings,
  };
}

function toRow(verdict: NftVerdict, findings: readonly Finding[], options: NftCheckOptions): VerdictRow {
  const { connection, goesTo, spamlogd, doubts } = verdict;
  const { id, role, direction, family, title } = connection;
  const cause = findings.find(finding => finding.rows.includes(id));
  const isRight = isAsItShouldBe({ role, family, goesTo, spamlogd }, options.inboundOnly);
  return {
    id,
    role,
    direction,
    family,
    connection: title,
    decidedBy: decidedBy(verdict),
    goesTo,
    logs: verdict.records.map(({ group, rule }) => ({
      to: group === null ? 'syslog' : `nflog:${group}`,
      rule: referToNft(rule),
    })),
    spamlogd,
    ok: cause && cause.severity !== 'note' ? false : isRight,
    advice: cause?.advice ?? null,
    doubts,
  };
}

function decidedBy({ rule, policyOf }: NftVerdict): RuleReference | null {
  if (rule) return referToNft(rule);
  if (policyOf === null) return null;
  return { place: `policy of chain ${policyOf}`, position: null, ruleset: policyOf, number: null, text: '' };
}
