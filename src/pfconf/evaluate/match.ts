// Whether a rule matches a packet, by the tests of pf's pf_match_rule().

import type { InterfaceItem, PortItem, RuleOption } from '../ast.js';
import { comparePort } from '../compare-port.js';
import { type Environment, findInterface } from '../environment.js';
import type { LoadedRule } from '../loaded.js';
import { type Answer, every, negate } from './answer.js';
import { type Knowledge, matchHost } from './match-host.js';
import type { Packet } from './packet.js';

/** Whether the rule matches; a doubt says what it hangs on. */
export function matchRule(rule: LoadedRule, packet: Packet, knowledge: Knowledge): Answer {
  return every(questions(rule, packet, knowledge));
}

/** One question after the other, so that none is asked in vain. */
function* questions(rule: LoadedRule, packet: Packet, knowledge: Knowledge): Iterable<Answer> {
  const { environment } = knowledge;
  yield rule.direction === null || rule.direction === packet.direction;
  yield rule.family === null || rule.family === packet.family;
  yield rule.protocol === null || ['tcp', '6'].includes(rule.protocol.toLowerCase());
  if (rule.interface) yield matchInterface(rule.interface, packet.interface, environment);
  if (rule.source) yield matchHost(rule.source, packet.source, rule.ruleset, knowledge);
  if (rule.destination) yield matchHost(rule.destination, packet.destination, rule.ruleset, knowledge);
  if (rule.sourcePort) yield matchPort(rule.sourcePort, packet.sourcePort, environment);
  if (rule.destinationPort) yield matchPort(rule.destinationPort, packet.destinationPort, environment);
  for (const option of rule.options) yield matchOption(option, packet, environment);
  for (const doubt of rule.doubts) yield { doubt };
  if (rule.unknown) yield { doubt: `what is not understood in it matches: ${rule.unknown.text}` };
  if (rule.action === 'unknown') yield { doubt: 'this, which is not understood, is a rule that matches' };
}

/** Whether `on` this matches a packet at that interface (pfi_kif_match). */
export function matchInterface(item: InterfaceItem, name: string, environment: Environment): Answer {
  const answer = matchInterfaceName(item, name, environment);
  return item.negated ? negate(answer) : answer;
}

function matchInterfaceName(item: InterfaceItem, name: string, environment: Environment): Answer {
  if (item.rdomain !== undefined) return item.rdomain === 0;
  if (item.name === name) return true;
  const info = findInterface(environment, name);
  if (item.name === 'any') return info ? !info.isLoopback : !/^lo\d*$/.test(name);
  if (info?.groups.includes(item.name)) return true;
  // Names of groups do not end in a digit; another interface is another.
  const isOtherInterface = /\d$/.test(item.name) || findInterface(environment, item.name) !== undefined;
  if (isOtherInterface || environment.isComplete || WELL_KNOWN_GROUPS.has(item.name)) return false;
  return { doubt: `the interface ${name} is in the group ${item.name}` };
}

/** Groups of which an environment says whether an interface is in them. */
const WELL_KNOWN_GROUPS: ReadonlySet<string> = new Set(['egress', 'lo', 'pflog', 'enc', 'pfsync', 'carp']);

/** Whether a port is what a rule's port item says. */
function matchPort(item: PortItem, port: number | null, environment: Environment): Answer {
  if (port === null) return { doubt: `the redirection chose port ${item.low}` };
  const names = item.high === undefined ? item.low : `${item.low} to ${item.high}`;
  return comparePort(item, port, environment.services) ?? { doubt: `the port is ${names}` };
}

function matchOption(option: RuleOption, packet: Packet, environment: Environment): Answer {
  switch (option.kind) {
    case 'flags':
      return matchFlags(option.set, option.mask);
    case 'tagged':
      return (packet.tag === option.name) !== option.negated;
    case 'received-on': {
      const { item } = option;
      if (packet.receivedOn === null) return item.negated;
      return matchInterface(item, packet.receivedOn, environment);
    }
    case 'probability':
      return option.percent > 0;
    case 'condition':
      // Only fragments, and ICMP packets, have these; other conditions are doubts of the rule.
      return option.keyword !== 'fragment' && !option.keyword.startsWith('icmp');
    default:
      return true;
  }
}

/** A SYN and nothing else among the flags. */
function matchFlags(set: string, mask: string | null): boolean {
  if (mask === null) return true;
  const seen = mask.includes('S') ? 'S' : '';
  return [...seen].sort().join('') === [...new Set(set)].sort().join('');
}
