// A correction put into the text of a ruleset as a reader would do it.

import type { Finding } from '../../src/pfconf/check/report.js';

/** The text with the correction in it; null where the finding has none, or one for another file. */
export function applyToText(text: string, file: string, { corrected, placement }: Finding): string | null {
  if (corrected === null || placement === null) return null;
  const { how, position } = placement;
  if (position === null) return how === 'top' ? `${corrected}\n${text}` : `${text.trimEnd()}\n${corrected}\n`;
  if (position.file !== file) return null;
  const lines = text.split('\n');
  const start = position.line - 1;
  const end = endOfStatement(lines, start);
  const own = lines.slice(start, end);
  const around =
    how === 'instead' ? [corrected] : how === 'before' ? [corrected, ...own] : [...own, corrected];
  return [...lines.slice(0, start), ...around, ...lines.slice(end)].join('\n');
}

/** The line behind a statement, with lines that continue it and with what is in its braces. */
function endOfStatement(lines: readonly string[], start: number): number {
  let depth = 0;
  for (let at = start; at < lines.length; at++) {
    const line = lines[at]!.replace(/#.*/, '');
    depth += line.split('{').length - line.split('}').length;
    if (depth <= 0 && !line.trimEnd().endsWith('\\')) return at + 1;
  }
  return lines.length;
}
