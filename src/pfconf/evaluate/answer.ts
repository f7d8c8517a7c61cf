// Yes, no, or a doubt: what is asked of a rule when not everything is known.

/** Why a question has no answer: a statement that may be true or not. */
export interface Doubt {
  readonly doubt: string;
}

export type Answer = boolean | Doubt;

/** Whether all are true: one no decides, whatever else is in doubt; of several doubts the first is kept. */
export function every(questions: Iterable<Answer>): Answer {
  let doubt: Doubt | undefined;
  for (const answer of questions) {
    if (answer === false) return false;
    if (answer !== true) doubt ??= answer;
  }
  return doubt ?? true;
}

/** The opposite; a doubt stays one. */
export function negate(answer: Answer): Answer {
  return typeof answer === 'boolean' ? !answer : answer;
}
