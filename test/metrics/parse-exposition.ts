// Reads Prometheus' text format, version 0.0.4, by its grammar; whatever is not allowed is an error.

/** A metric with its samples: the value by the labels. */
export interface Metric {
  readonly type: string;
  readonly help: string;
  readonly samples: { readonly labels: Record<string, string>; readonly value: number }[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const HELP = new RegExp(`^# HELP (${NAME}) ((?:[^\\\\\\n]|\\\\[\\\\n])*)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;
const VALUE = /^(?:[+-]Inf|NaN|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

/** The metrics of a text by their names. @throws Error for a line that the grammar does not allow */
export function parseExposition(text: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>();
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end');
  let help: RegExpExecArray | undefined;
  let current: string | undefined;
  for (const line of text.split('\n').slice(0, -1)) {
    const helped = HELP.exec(line);
    const typed = TYPE.exec(line);
    if (helped) {
      help = helped;
      current = undefined;
    } else if (typed) {
      const [, name = '', type = ''] = typed;
      if (help?.[1] !== name) throw new Error(`no help before: ${line}`);
      if (metrics.has(name)) throw new Error(`a second time: ${line}`);
      metrics.set(name, { type, help: help[2]!, samples: [] });
      current = name;
    } else {
      const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
      if (name === '' || name !== current) throw new Error(`not a sample of ${current}: ${line}`);
      if (!VALUE.test(value)) throw new Error(`no value: ${line}`);
      const { samples } = metrics.get(name)!;
      const parsed = parseLabels(labels);
      const same = JSON.stringify(parsed);
      if (samples.some(one => JSON.stringify(one.labels) === same)) throw new Error(`again: ${line}`);
      samples.push({ labels: parsed, value: Number(value.replace('Inf', 'Infinity')) });
    }
  }
  return metrics;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const match = LABEL.exec(rest);
    if (match === null) throw new Error(`no label: ${rest}`);
    const [whole, name = '', value = ''] = match;
    if (Object.hasOwn(labels, name)) throw new Error(`a label a second time: ${text}`);
    labels[name] = value.replace(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one));
    rest = rest.slice(whole.length);
  }
  return labels;
}
