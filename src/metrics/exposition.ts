// Prometheus' text format, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/

/** What an answer in this format has to be announced as. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The labels of a sample by their names. */
export type Labels = Readonly<Record<string, string>>;

/** A value with its labels; one that is null is not known, and left out. */
export type Sample = readonly [labels: Labels, value: number | null];

/** Metrics, collected one after the other, as one text. */
export class Exposition {
  readonly #lines: string[] = [];

  /** Something that only grows while the daemon runs; the name ends in `_total`. */
  counter(name: string, help: string, samples: number | null | readonly Sample[]): void {
    this.#add(name, 'counter', help, samples);
  }

  /** Something that goes up and down. */
  gauge(name: string, help: string, samples: number | null | readonly Sample[]): void {
    this.#add(name, 'gauge', help, samples);
  }

  get text(): string {
    return this.#lines.map(line => `${line}\n`).join('');
  }

  #add(
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    samples: number | null | readonly Sample[],
  ): void {
    const all: readonly Sample[] =
      typeof samples === 'object' && samples !== null ? samples : [[{}, samples]];
    const values = new Map<string, number>();
    for (const [labels, value] of all) {
      if (value === null) continue;
      const text = formatLabels(labels);
      const before = values.get(text);
      // No two samples may have the same labels: what was named twice is counted as one.
      if (before === undefined) values.set(text, value);
      else if (type === 'counter') values.set(text, before + value);
    }
    if (values.size === 0) return;
    this.#lines.push(`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`);
    for (const [labels, value] of values) this.#lines.push(`${name}${labels} ${formatValue(value)}`);
  }
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeHelp(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replace(/"/g, '\\"');
}

/** As Go's ParseFloat reads it. */
function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
