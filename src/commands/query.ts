// query: when was this address last seen, in which direction, by which rule, until when is it white?

import { parsePrefix } from '../address/prefix.js';
import { openDatabase } from '../daemon/open-database.js';
import { UsageError } from '../options/usage-error.js';
import type { AddressRecord, TupleRecord } from '../store/store.js';
import type { LogRule } from '../whitelist/batch.js';
import type { Context } from './command.js';
import { EXIT } from './exit-status.js';
import { formatNumber, formatRelative, formatTime, printable } from './format.js';
import { lastSeen, recordJson, recordStatus } from './record-view.js';

/** Runs the command; status 1 when nothing is known of any of them. @throws {StoreError} @throws {UsageError} */
export async function run({ settings, operands, output, warn }: Context): Promise<number> {
  const prefixes = operands.map(operand => {
    const prefix = parsePrefix(operand);
    if (prefix === undefined)
      throw new UsageError(`"${operand}" is not an address or a network without host bits`);
    return { operand, prefix };
  });
  const now = settings.at ?? Math.floor(Date.now() / 1000);
  const whiteexpSeconds = settings.whiteexp * 3600;
  const store = await openDatabase(settings, { isReadOnly: true }, { warn });
  let known = 0;
  try {
    for (const { operand, prefix } of prefixes) {
      const before = known;
      for await (const record of store.find(prefix)) {
        known++;
        await output.line(
          settings.json
            ? JSON.stringify(recordJson(record, now, whiteexpSeconds))
            : describe(record, now, whiteexpSeconds),
        );
      }
      if (known === before && !settings.json) await output.line(`${operand}  not known`);
    }
  } finally {
    await store.close();
  }
  return known > 0 ? EXIT.ok : EXIT.nothing;
}

function describe(record: AddressRecord | TupleRecord, now: number, whiteexpSeconds: number): string {
  const { entry } = record;
  const status = recordStatus(record, now);
  const at = (time: number): string => `${formatTime(time)}  ${formatRelative(time, now)}`;
  const rows: [string, string][] = [];
  if (record.kind === 'tuple') {
    rows.push(
      ['helo', printable(record.helo)],
      ['from', printable(record.from)],
      ['to', printable(record.to)],
    );
  }
  const seen = lastSeen(record, now, whiteexpSeconds);
  if (seen !== undefined) {
    const how = seen.direction === undefined ? '' : `, ${seen.direction === 'in' ? 'inbound' : 'outbound'}`;
    const derived = seen.isDerived ? ' (derived from expire)' : '';
    rows.push(['last seen', `${at(seen.time)}${how}${derived}`]);
  }
  if (record.kind === 'address' && record.sighting) {
    const { rule, inbound, outbound } = record.sighting;
    if (rule.interface || rule.ruleset || rule.rulenr !== null) rows.push(['logged', describeRule(rule)]);
    rows.push(['seen', `${formatNumber(inbound)} inbound, ${formatNumber(outbound)} outbound`]);
  }
  rows.push(
    ['first', at(entry.first)],
    ['pass', entry.pass === 0 ? 'not yet' : at(entry.pass)],
    ['expire', at(entry.expire)],
    ['counts', `blocked ${formatNumber(entry.bcount)}, passed ${formatNumber(Math.max(0, entry.pcount))}`],
  );
  const lines = rows.map(([name, value]) => `  ${name.padEnd(10)} ${value}`);
  return [`${printable(record.address)}  ${status}`, ...lines].join('\n');
}

function describeRule({ interface: name, ruleset, rulenr, subrulenr }: LogRule): string {
  const on = name === '' ? '' : `on ${printable(name)}`;
  const quoted = ruleset === '' ? '' : JSON.stringify(printable(ruleset));
  const anchored = quoted && `, rule ${subrulenr ?? '?'} of anchor ${quoted}`;
  const by = rulenr === null ? quoted && `with prefix ${quoted}` : `by rule ${rulenr}${anchored}`;
  return [on, by].filter(Boolean).join(', ');
}
