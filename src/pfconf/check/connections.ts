// The connections that a check plays.

import type { AddressWords } from '../../address/address.js';
import type { Family } from '../ast.js';
import type { Endpoint, Place } from '../evaluate/packet.js';
import type { TableNames } from './options.js';
import type { Role } from './report.js';
import type { Addresses, Scenario } from './scenario.js';

/** One connection to an SMTP port. */
export interface Connection {
  readonly id: string;
  readonly role: Role;
  readonly direction: 'in' | 'out';
  readonly family: Family;
  readonly title: string;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** Where the first packet is seen first. */
  readonly interface: string;
}

const ROLES: readonly { role: Role; direction: 'in' | 'out'; title: string }[] = [
  { role: 'white', direction: 'in', title: 'from a whitelisted host' },
  { role: 'nospamd', direction: 'in', title: 'from a host in <nospamd>' },
  { role: 'stranger', direction: 'in', title: 'from an unknown host' },
  { role: 'trapped', direction: 'in', title: 'from a trapped host' },
  { role: 'mail-server', direction: 'out', title: 'from the mail server to a host outside' },
  { role: 'lan', direction: 'out', title: 'from the LAN to a host outside' },
];

const FAMILIES: readonly { family: Family; name: string }[] = [
  { family: 'inet', name: 'IPv4' },
  { family: 'inet6', name: 'IPv6' },
];

/** What is played in a setup: every role in both families; hosts in <nospamd> and in a LAN only where there are any. */
export function connectionsOf(
  scenario: Scenario,
  options: TableNames,
  tables: ReadonlySet<string>,
): Connection[] {
  const hasNospamd = options.nospamdTables.some(name => tables.has(name));
  return ROLES.filter(({ role }) => role !== 'nospamd' || hasNospamd).flatMap(({ role, direction, title }) =>
    placesOf(role, scenario).flatMap(({ at, suffix, phrase, host }) =>
      FAMILIES.flatMap(({ family, name }) => {
        const ends = endsOf(role, family, host, scenario, options);
        if (!ends || at === null) return [];
        const id = `${direction}-${role}-${family}${suffix}`;
        return [{ id, role, direction, family, title: `${title}, ${name}${phrase}`, ...ends, interface: at }];
      }),
    ),
  );
}

interface PlayedAt {
  readonly at: string | null;
  readonly suffix: string;
  readonly phrase: string;
  /** Of a LAN, a host in it. */
  readonly host: Addresses;
}

/** The interfaces that a role is played at; the ids of further ones end in `@em1`. */
function placesOf(role: Role, scenario: Scenario): PlayedAt[] {
  const { outside, inside, lanHost, otherOutsides, otherInsides } = scenario;
  const further = (at: string, host: Addresses): PlayedAt => ({
    at,
    suffix: `@${at}`,
    phrase: `, at ${at}`,
    host,
  });
  const bare = { suffix: '', phrase: '', host: lanHost };
  if (role === 'lan')
    return [{ at: inside, ...bare }, ...otherInsides.map(({ name, host }) => further(name, host))];
  const first: PlayedAt = { at: outside, ...bare };
  if (role === 'mail-server') return [first];
  return [first, ...otherOutsides.map(name => further(name, lanHost))];
}

type Ends = Pick<Connection, 'source' | 'destination'>;

function endsOf(
  role: Role,
  family: Family,
  lanHost: Addresses,
  scenario: Scenario,
  options: TableNames,
): Ends | null {
  const server = endpoint(scenario.mailServer[family], 'self');
  const stranger = endpoint(scenario.stranger[family], 'outside', tablesOf(role, options));
  if (role === 'lan') {
    const host = endpoint(lanHost[family], 'inside');
    return host && stranger && { source: host, destination: stranger };
  }
  if (!server || !stranger) return null;
  return role === 'mail-server'
    ? { source: server, destination: stranger }
    : { source: stranger, destination: server };
}

function tablesOf(role: Role, options: TableNames): readonly string[] {
  if (role === 'white') return options.whiteTables;
  if (role === 'nospamd') return options.nospamdTables;
  return role === 'trapped' ? options.blackTables : [];
}

function endpoint(
  address: AddressWords | null,
  place: Place,
  tables: readonly string[] = [],
): Endpoint | null {
  return address && { address, place, tables: new Set(tables) };
}
