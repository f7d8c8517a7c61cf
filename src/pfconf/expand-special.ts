// Statements that pfctl turns into rules of another kind: `antispoof` and `binat-to`.

import type { AntispoofRule, FilterRule, Host, RuleOption } from './ast.js';
import { emptyDraft, toMatcher } from './grammar/matcher.js';

/** The block rules of an antispoof: what comes from an interface's network must come in there, nothing comes from us. */
export function expandAntispoof(statement: AntispoofRule): FilterRule[] {
  return statement.interfaces.flatMap(({ name, dynamic }) => {
    const kind = dynamic ? 'dynamic' : 'name';
    const network: Host = { negated: false, kind, name, modifiers: ['network'], bits: null };
    const own: Host = { negated: false, kind, name, modifiers: [], bits: null };
    const fromNetwork = blockRule(statement, network, [{ negated: true, name }]);
    const isLoopback = /^lo\d*$/.test(name);
    return isLoopback ? [fromNetwork] : [fromNetwork, blockRule(statement, own, [])];
  });
}

function blockRule(statement: AntispoofRule, source: Host, interfaces: FilterRule['interfaces']): FilterRule {
  const { position, family, log, quick, options } = statement;
  return {
    kind: 'filter',
    ...toMatcher(emptyDraft(position, null)),
    action: 'block',
    blockPolicy: 'drop',
    direction: 'in',
    family,
    log,
    quick,
    interfaces,
    source: { hosts: [source], ports: [] },
    options,
  };
}

/** `binat-to` stands for two rules: nat-to on the way out, and rdr-to on the way in to the address outside. */
export function expandBinatTo(rule: FilterRule): FilterRule[] {
  const option = rule.options.find(one => one.kind === 'binat-to');
  if (option?.kind !== 'binat-to') return [rule];
  const others = rule.options.filter(one => one !== option);
  const pool = { ...option.pool, options: [] };
  const outbound: RuleOption = { kind: 'nat-to', pool: { ...pool, options: ['static-port'] } };
  const inbound: RuleOption = { kind: 'rdr-to', pool: { ...pool, hosts: rule.source.hosts } };
  return [
    { ...rule, direction: 'out', options: [...others, outbound] },
    {
      ...rule,
      number: null,
      direction: 'in',
      source: rule.destination,
      destination: { hosts: option.pool.hosts, ports: rule.source.ports },
      options: [...others, inbound],
    },
  ];
}
