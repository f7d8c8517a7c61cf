// Corrections: text to put into a ruleset, and what the ruleset is with it.

import type { Statement } from '../ast.js';
import { parsePfConf } from '../parse.js';
import type { Dialect } from '../source.js';
import type { Placement } from './report.js';

/** Text that would put something right, and where it goes. */
export interface Correction {
  /** One rule a line. */
  readonly text: string;
  readonly how: Placement['how'];
  /** The statement that it replaces or goes beside; null at the top and at the end. */
  readonly at: Statement | null;
}

/** The statements with the correction in them; null where its place is not among them, or its text is no rule. */
export function applyCorrection(
  statements: readonly Statement[],
  { text, how, at }: Correction,
  dialect: Dialect,
): readonly Statement[] | null {
  const parsed = parsePfConf(text, { dialect, file: 'correction' });
  if (parsed.diagnostics.length > 0) return null;
  if (how === 'top') return [...parsed.statements, ...statements];
  if (how === 'end') return [...statements, ...parsed.statements];
  let isFound = false;
  const edit = (list: readonly Statement[]): Statement[] =>
    list.flatMap((one): Statement[] => {
      if (one === at) {
        isFound = true;
        if (how === 'instead') return [...parsed.statements];
        return how === 'before' ? [...parsed.statements, one] : [one, ...parsed.statements];
      }
      if ('body' in one && one.body) return [{ ...one, body: edit(one.body) }];
      return 'statements' in one && one.statements ? [{ ...one, statements: edit(one.statements) }] : [one];
    });
  const edited = edit(statements);
  return isFound ? edited : null;
}

/** The placement of a correction as a report has it. */
export function placementOf({ how, at }: Correction): Placement {
  return { how, position: at?.position ?? null };
}
