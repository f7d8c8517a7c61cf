// The name that a mistyped one was meant to be.

/**
 * The candidate that the name is the beginning of, else the one with the fewest letters to change, if any is close.
 * Upper and lower case are the same.
 * @param isAny give the nearest one however far it is
 */
export function nearestName(
  typed: string,
  candidates: readonly string[],
  isAny: boolean = false,
): string | undefined {
  const name = typed.toLowerCase();
  const whole = candidates.filter(candidate => candidate.toLowerCase().startsWith(name));
  if (whole.length === 1) return whole[0];
  let best: string | undefined;
  let bestDistance = isAny ? Number.POSITIVE_INFINITY : Math.ceil(name.length / 3) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}

/** `unknown WHAT "NAME"`, with the nearest known name where there is one; `isAny` as for {@link nearestName}. */
export function unknownName(
  what: string,
  name: string,
  candidates: readonly string[],
  isAny: boolean = false,
): string {
  const nearest = nearestName(name, candidates, isAny);
  const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
  return `unknown ${what} "${name}"${hint}`;
}
