// The report of a replay, for people and for programs.

import { savefileName } from '../capture/chunks.js';
import type { Counts } from '../daemon/pipeline.js';
import { IGNORE_REASONS, type IgnoreReason } from '../policy/reason.js';
import { formatDuration, formatNumber, formatTime, isoTime, plural, sparkline } from './format.js';
import type { Busy } from './replay-summary.js';

/** All that a replay has to say. Times are seconds since the epoch. */
export interface ReplayReport extends Counts {
  readonly addresses: number;
  readonly added: number;
  readonly refreshed: number;
  /** Addresses left as they were because they are trapped. */
  readonly trapped: number;
  /** Captures that were cut off. */
  readonly truncated: number;
  /** Times of the first and last packet; undefined when there was none. */
  readonly first: number | undefined;
  readonly last: number | undefined;
  /** How long the replay took. */
  readonly seconds: number;
  /** The captures in the order in which they were replayed; how many of them were read, and how many begun. */
  readonly paths: readonly string[];
  readonly files: number;
  readonly begun: number;
  readonly busiest: readonly Busy[];
  readonly timeline: { readonly seconds: number; readonly counts: readonly number[] };
  readonly isDryRun: boolean;
  readonly isInterrupted: boolean;
}

/** The report as an object with stable keys. */
export function reportJson(report: ReplayReport): object {
  const { packets, sightings, inbound, outbound, addresses, added, refreshed, trapped } = report;
  const { ignored, malformed, truncated, first, last, seconds, files, busiest, timeline } = report;
  return {
    packets,
    sightings,
    inbound,
    outbound,
    addresses,
    added,
    refreshed,
    trapped,
    ignored,
    malformed,
    truncated,
    first: first === undefined ? null : isoTime(first),
    last: last === undefined ? null : isoTime(last),
    seconds: Math.round(seconds * 1000) / 1000,
    files,
    dryRun: report.isDryRun,
    interrupted: report.isInterrupted,
    busiest,
    timeline: { secondsPerColumn: timeline.seconds, sightings: timeline.counts },
  };
}

/** The report as text. */
export function reportText(report: ReplayReport, database: string): string {
  return [
    ...headLines(report, database),
    ...countLines(report),
    ...pictureLines(report),
    ...busyLines(report),
  ]
    .map(line => `${line}\n`)
    .join('');
}

function headLines(report: ReplayReport, database: string): string[] {
  const { paths, files, begun, packets, seconds, first, last, isDryRun, isInterrupted } = report;
  const what = isInterrupted
    ? `Interrupted in capture ${begun} of ${paths.length}${begun > 0 ? `, ${savefileName(paths[begun - 1]!)}` : ''}`
    : `Replayed ${plural(files, 'capture')}`;
  const lines = [`${what}: ${plural(packets, 'packet')} in ${seconds.toFixed(2)} s`];
  if (first !== undefined && last !== undefined) {
    lines.push(`${formatTime(first)} to ${formatTime(last)} (${formatDuration(last - first)})`);
  }
  lines.push(isDryRun ? 'Dry run: nothing was written' : `Written to ${database}`);
  return lines;
}

function countLines(report: ReplayReport): string[] {
  const { sightings, inbound, outbound, addresses, added, refreshed, trapped, malformed, truncated } = report;
  const ignored = Object.entries(report.ignored).sort(([, a], [, b]) => b - a);
  const total = ignored.reduce((sum, [, count]) => sum + count, 0);
  const would = report.isDryRun ? 'would be ' : '';
  return [
    '',
    row('sightings', sightings, `${formatNumber(inbound)} inbound, ${formatNumber(outbound)} outbound`),
    row(
      'addresses',
      addresses,
      `${would}${formatNumber(added)} added, ${formatNumber(refreshed)} refreshed` +
        (trapped > 0 ? `, ${formatNumber(trapped)} left trapped` : ''),
    ),
    row('ignored', total),
    ...ignored.map(([reason, count]) => row('', count, IGNORE_REASONS[reason as IgnoreReason])),
    row('malformed', malformed),
    ...(truncated > 0
      ? [row('truncated', truncated, `${truncated === 1 ? 'capture is' : 'captures are'} cut off`)]
      : []),
  ];
}

function row(name: string, count: number, more = '', width = 10): string {
  return `${name.padEnd(width)} ${formatNumber(count).padStart(13)}  ${more}`.trimEnd();
}

function pictureLines({ timeline }: ReplayReport): string[] {
  if (timeline.counts.length < 2) return [];
  const highest = Math.max(...timeline.counts);
  return [
    '',
    `Sightings over time, ${formatDuration(timeline.seconds)} a column, at most ${formatNumber(highest)}`,
    `  ${sparkline(timeline.counts)}`,
  ];
}

function busyLines({ busiest }: ReplayReport): string[] {
  if (busiest.length === 0) return [];
  return [
    '',
    'Busiest correspondents',
    ...busiest.map(one => `  ${row(one.address, one.sightings, '', 39)}`),
  ];
}
