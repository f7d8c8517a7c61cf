// A report as text for a terminal.

import { formatPosition } from '../source.js';
import type { CheckReport, Finding, Placement, RuleReference, VerdictRow } from './report.js';

/** How to print. */
export interface RenderOptions {
  /** Escape sequences for colours (ECMA-48); without it the text is plain. */
  readonly color?: boolean;
}

const COLORS = { red: 31, green: 32, yellow: 33, dim: 2 } as const;

const HEAD = ['', 'CONNECTION', 'GOES TO', 'LOGGED', 'SPAMLOGD', 'DECIDED BY'] as const;

/** The table of verdicts, then the findings with the rules as they should be. Ends with a line end. */
export function renderReport(report: CheckReport, options: RenderOptions = {}): string {
  const paint = (text: string, color: keyof typeof COLORS): string =>
    options.color ? `\u001b[${COLORS[color]}m${text}\u001b[0m` : text;
  const table = align([[...HEAD], ...report.rows.map(row => rowCells(row, report.findings))]);
  const lines = table.map((line, i) => {
    const row = report.rows[i - 1];
    if (!row) return paint(line, 'dim');
    return row.ok === null ? line : paint(line, row.ok ? 'green' : 'red');
  });
  const sections = [
    report.assumptions.map(text => paint(`Taken for granted: ${text}.`, 'dim')),
    lines,
    ...report.findings.map((finding, i) => findingLines(finding, i + 1, paint)),
  ];
  if (report.findings.length === 0) sections.push(['Nothing to put right.']);
  return `${sections
    .filter(section => section.length > 0)
    .map(section => section.join('\n'))
    .join('\n\n')}\n`;
}

function rowCells(row: VerdictRow, findings: readonly Finding[]): string[] {
  const cause = findings.findIndex(finding => finding.rows.includes(row.id));
  const mark = row.ok === null ? '-' : row.ok ? '✓' : cause < 0 ? '✗' : `✗ ${cause + 1}`;
  const logs = [...new Set(row.logs.map(log => log.to))].join(', ');
  const direction = row.direction === 'in' ? 'in:  ' : 'out: ';
  return [mark, direction + row.connection, row.goesTo, logs || 'no', row.spamlogd, placeOf(row.decidedBy)];
}

function placeOf(rule: RuleReference | null): string {
  return rule?.place ?? 'no rule';
}

function findingLines(
  finding: Finding,
  number: number,
  paint: (text: string, color: keyof typeof COLORS) => string,
): string[] {
  const { severity, id, message, advice, rule, corrected, placement } = finding;
  const color = severity === 'error' ? 'red' : severity === 'warning' ? 'yellow' : 'dim';
  const place = rule ? `${placeOf(rule)}: ` : '';
  return [
    `${number}. ${place}${paint(severity, color)}: ${message} [${id}]`,
    ...(rule && rule.text !== '' ? [`    ${oneLine(rule.text)}`] : []),
    `  ${advice}`,
    ...(corrected === null ? [] : placementLines(placement)),
    ...(corrected === null ? [] : corrected.split('\n').map(line => `    ${line}`)),
  ];
}

const PLACES: Readonly<Record<Placement['how'], string>> = {
  instead: 'In its place',
  before: 'To add before',
  behind: 'To add behind',
  top: 'To add at the top',
  end: 'To add at the end',
};

/** Where a correction goes. */
function placementLines(placement: Placement | null): string[] {
  if (placement === null) return [];
  const { how, position } = placement;
  const isBeside = position !== null && how !== 'instead';
  return [`  ${PLACES[how]}${isBeside ? ` ${formatPosition(position)}` : ''}:`];
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}

/** Columns padded to the same width; the last is left as long as it is. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  return rows.map(row =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}
