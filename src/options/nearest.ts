// The name that a mistyped one was meant to be.

/** The candidate that the name is the beginning of, else the one with the fewest letters to change, if any is close. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const whole = candidates.filter(candidate => candidate.startsWith(name));
  if (whole.length === 1) return whole[0];
  let best: string | undefined;
  let bestDistance = Math.ceil(name.length / 3) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate);
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

/** `unknown WHAT "NAME"`, with the nearest known name where there is one. */
export function unknownName(what: string, name: string, candidates: readonly string[]): string {
  const nearest = nearestName(name, candidates);
  const hint = nearest === undefined ? '' : `; did you mean "${nearest}"?`;
  return `unknown ${what} "${name}"${hint}`;
}
