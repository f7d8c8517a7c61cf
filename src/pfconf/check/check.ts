// Checks pf rules: plays the connections that matter, and says what is wrong and how it should be.

import type { Statement } from '../ast.js';
import { isEmptyAnchor } from '../evaluate/anchors.js';
import type { Knowledge } from '../evaluate/match-host.js';
import { loadRules } from '../load.js';
import type { LoadedRules } from '../loaded.js';
import { parsePfConf, parsePfctlRules } from '../parse.js';
import type { Diagnostic, Dialect, ReadFile } from '../source.js';
import { type Connection, connectionsOf } from './connections.js';
import { applyCorrection } from './correction.js';
import {
  lanThatWhitelists,
  ownAddressThatIsWhitelisted,
  redirectsThatLog,
  rulesThatLogAll,
  strangersThatAreWhitelisted,
} from './findings-logs.js';
import {
  connectionsInDoubt,
  ipv6ThatIsBlocked,
  outgoingMailThatIsStopped,
  outsideThatIsSkipped,
  strangersThatAreNotTarpitted,
  whitelistedHostsThatAreStopped,
} from './findings-paths.js';
import {
  tableLimitThatIsNear,
  textThatIsNotUnderstood,
  whiteTableThatDoesNotLast,
  whiteTableThatIsMissing,
} from './findings-tables.js';
import { outgoingMailThatIsNotSeen, whitelistedHostsThatAreNotSeen } from './findings-unseen.js';
import type { CheckOptions } from './options.js';
import { playConnection } from './play.js';
import type { CheckReport } from './report.js';
import { toRow } from './row.js';
import { buildScenario } from './scenario.js';
import { type Judged, type Look, portNames, type Subject } from './subject.js';
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
  outsideThatIsSkipped,
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
  const tries = { left: Math.max(LEAST_TRIES, Math.floor(TRIES_OF_RULES / (allRules(rules).length + 1))) };
  const base: Subject = {
    ...{ rules, dialect, options, scenario, diagnostics },
    judged: [],
    tryOut: correction => {
      const edited = tries.left-- > 0 ? applyCorrection(statements, correction, dialect) : null;
      if (!edited) return null;
      const corrected = loadRules(edited, { ...loading, environment: scenario.environment });
      return judgeAll(connections, { ...base, rules: corrected });
    },
  };
  const connections = connectionsOf(scenario, options, usedTables(allRules(rules)));
  const subject: Subject = { ...base, judged: judgeAll(connections, base) };
  const findings = LOOKS.flatMap(look => look(subject));
  return {
    firewall: 'pf',
    assumptions: [...scenario.assumptions, ...emptyAnchors(rules)],
    rows: subject.judged.map(one => toRow(one, findings, subject)),
    findings,
  };
}

/** Corrections that are tried out, however many rules there are; and in how many rules all together. */
const LEAST_TRIES = 8;
const TRIES_OF_RULES = 200_000;

function judgeAll(connections: readonly Connection[], subject: Subject): Judged[] {
  const { rules, scenario, options, dialect } = subject;
  const knowledge: Knowledge = { rules, environment: scenario.environment };
  const port = options.policy.ports[0] ?? 25;
  return connections.map(connection => {
    const play = playConnection(connection, port, scenario, knowledge, dialect);
    return { connection, verdict: judge(play, connection.direction, options.policy, portNames(subject)) };
  });
}

function emptyAnchors(rules: LoadedRules): string[] {
  const anchors = allRules(rules).filter(rule => rule.call !== null && isEmptyAnchor(rule, rules));
  const names = anchors.map(({ call }) => `${call!.path}${call!.isWildcard ? '/*' : ''}`);
  return [...new Set(names)].map(name => `the anchor "${name}", whose rules are not here, is empty`);
}
