// One connection through the firewall: at the interface it comes in on, and at the one it leaves by.

import { prefixContains } from '../../address/prefix.js';
import { familyOf, findInterface } from '../environment.js';
import { evaluatePacket } from '../evaluate/evaluate.js';
import type { Knowledge } from '../evaluate/match-host.js';
import type { Outcome } from '../evaluate/outcome.js';
import type { Packet } from '../evaluate/packet.js';
import { prefixOf } from '../grammar/hosts.js';
import type { Dialect } from '../source.js';
import type { Connection } from './connections.js';
import type { Scenario } from './scenario.js';

/** One way that a connection may go: an outcome at each interface. */
export type Path = readonly Outcome[];

/** Every way that a connection may go, and what it hangs on where there are several. */
export interface Play {
  readonly paths: readonly Path[];
  readonly doubts: readonly string[];
}

/** A port above those that rules keep for servers. */
const SOURCE_PORT = 50_025;

/** Plays a connection to the port. */
export function playConnection(
  connection: Connection,
  port: number,
  scenario: Scenario,
  knowledge: Knowledge,
  dialect: Dialect,
): Play {
  const isOwn = connection.source.place === 'self';
  const packet: Packet = {
    direction: isOwn ? 'out' : 'in',
    interface: connection.interface,
    family: connection.family,
    source: connection.source,
    sourcePort: SOURCE_PORT,
    destination: connection.destination,
    destinationPort: port,
    receivedOn: null,
    tag: null,
  };
  return playPacket(packet, scenario, knowledge, dialect);
}

function playPacket(packet: Packet, scenario: Scenario, knowledge: Knowledge, dialect: Dialect): Play {
  const { outcomes, doubts } = evaluatePacket(packet, knowledge, dialect);
  const plays = outcomes.map((outcome): Play => {
    const next = nextPacket(outcome, packet, scenario);
    if (!next) return { paths: [[outcome]], doubts: [] };
    const rest = playPacket(next, scenario, knowledge, dialect);
    return { paths: rest.paths.map(path => [outcome, ...path]), doubts: rest.doubts };
  });
  return {
    paths: plays.flatMap(play => play.paths),
    doubts: [...new Set([...doubts, ...plays.flatMap(play => play.doubts)])],
  };
}

/** The packet as it leaves again, when it came in and is not for this machine. */
function nextPacket(outcome: Outcome, packet: Packet, scenario: Scenario): Packet | null {
  const how = outcome.target?.how;
  const isDiverted = how === 'divert-to';
  if (outcome.action !== 'pass' || packet.direction === 'out' || isDiverted) return null;
  const { place } = outcome.packet.destination;
  const out =
    place === 'outside' ? scenario.outside : place === 'inside' ? innerInterface(outcome, scenario) : null;
  if (out === null) return null;
  return { ...outcome.packet, direction: 'out', interface: out, receivedOn: packet.interface };
}

/** The interface inside in whose network the packet's destination is; the first one where that is not known. */
function innerInterface({ packet }: Outcome, { environment, inside, otherInsides }: Scenario): string | null {
  const { address } = packet.destination;
  const holds = ({ name }: { name: string }): boolean =>
    address !== null &&
    (findInterface(environment, name)?.addresses ?? []).some(
      one =>
        familyOf(one.address) === familyOf(address) &&
        prefixContains(prefixOf(one.address, one.bits), address),
    );
  return otherInsides.find(holds)?.name ?? inside;
}
