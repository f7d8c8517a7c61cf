// Checks pf rules: plays the connections that matter, and says what is wrong and how it should be.

import type { Statement } from '../ast.js';
import { isEmptyAnchor } from '../evaluate/anchors.js';
import type { Knowledge } from '../evaluate/match-host.js';
import { loadRules } from '../load.js';
import type { LoadedRules } from '../loaded.js';
import { parsePfConf, parsePfctlRules } from '../parse.js';
import type { Diagnostic, Dialect, ReadFile } from '../source.js';
import { connectionsOf } from './connections.js';
import {
  lanThatWhitelists,
  outgoingMailThatIsNotSeen,
  ownAddressThatIsWhitelisted,
  redirectsThatLog,
  rulesThatLogAll,
  strangersThatAreWhitelisted,
  whitelistedHostsThatAreNotSeen,
} from './findings-logs.js';
import {
  connectionsInDoubt,
  ipv6ThatIsBlocked,
  outgoingMailThatIsStopped,
  strangersThatAreNotTarpitted,
  whitelistedHostsThatAreStopped,
} from './findings-paths.js';
import {
  tableLimitThatIsNear,
  textThatIsNotUnderstood,
  whiteTableThatDoesNotLast,
  whiteTableThatIsMissing,
} from './findings-tables.js';
import type { CheckOptions } from './options.js';
import { playConnection } from './play.js';
import type { CheckReport } from './report.js';
import { toRow } from './row.js';
import { buildScenario } from './scenario.js';
import { type Look, portNames, type Subject } from './subject.js';
import { allRules, usedTables } from './usage.js';
import { judge } from './verdict.js';

/** Rules as text, and what the text is. */
export interface RulesText {
  readonly text: string;
  /** The name that positions give. */
  readonly file: string;
  readonly dialect: Dialect;
  /** Whether pfctl printed it (`-vvsr`, `-sn`), rather than a person writing it (pf.conf). */
  readonly isListing: boolean;
  readonly readFile?: ReadFile;
}

const LOOKS: readonly Look[] = [
  redirectsThatLog,
  strangersThatAreWhitelisted,
  whitelistedHostsThatAreStopped,
  whitelistedHostsThatAreNotSeen,
  outgoingMailThatIsNotSeen,
  outgoingMailThatIsStopped,
  whiteTableThatIsMissing,
  whiteTableThatDoesNotLast,
  strangersThatAreNotTarpitted,
  lanThatWhitelists,
  rulesThatLogAll,
  tableLimitThatIsNear,
  connectionsInDoubt,
  textThatIsNotUnderstood,
  ownAddressThatIsWhitelisted,
  ipv6ThatIsBlocked,
];

/** Checks a ruleset. Never throws, whatever the text. */
export function checkRuleset(source: RulesText, options: CheckOptions): CheckReport {
  const { dialect, isListing, readFile } = source;
  const parse = isListing ? parsePfctlRules : parsePfConf;
  const parsed = parse(source.text, { dialect, file: source.file, ...(readFile ? { readFile } : {}) });
  return checkStatements(parsed.statements, parsed.diagnostics, source, options);
}

function checkStatements(
  statements: readonly Statement[],
  diagnostics: readonly Diagnostic[],
  { dialect, isListing, readFile }: RulesText,
  options: CheckOptions,
): CheckReport {
  const loading = { dialect, isListing, ...(readFile ? { readFile } : {}) };
  // What the rules mention says which addresses to play with; these say how the rules expand.
  const scenario = buildScenario(loadRules(statements, loading), options);
  const rules = loadRules(statements, { ...loading, environment: scenario.environment });
  const knowledge: Knowledge = { rules, environment: scenario.environment };
  const base: Subject = { rules, dialect, options, scenario, judged: [], diagnostics };
  const names = portNames(base);
  const port = options.policy.ports[0] ?? 25;
  const judged = connectionsOf(scenario, options, usedTables(allRules(rules))).map(connection => {
    const play = playConnection(connection, port, scenario, knowledge, dialect);
    return { connection, verdict: judge(play, connection.direction, options.policy, names) };
  });
  const subject: Subject = { ...base, judged };
  const findings = LOOKS.flatMap(look => look(subject));
  return {
    firewall: 'pf',
    assumptions: [...scenario.assumptions, ...emptyAnchors(rules)],
    rows: judged.map(one => toRow(one, findings, subject)),
    findings,
  };
}

function emptyAnchors(rules: LoadedRules): string[] {
  const anchors = allRules(rules).filter(rule => rule.call !== null && isEmptyAnchor(rule, rules));
  const names = anchors.map(({ call }) => `${call!.path}${call!.isWildcard ? '/*' : ''}`);
  return [...new Set(names)].map(name => `the anchor "${name}", whose rules are not here, is empty`);
}
