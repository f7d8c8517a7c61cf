// The connections that a check plays.

import type { AddressWords } from '../../address/address.js';
import type { Family } from '../ast.js';
import type { Endpoint, Place } from '../evaluate/packet.js';
import type { TableNames } from './options.js';
import type { Role } from './report.js';
import type { Scenario } from './scenario.js';

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
    FAMILIES.flatMap(({ family, name }) => {
      const ends = endsOf(role, family, scenario, options);
      if (!ends) return [];
      const id = `${direction}-${role}-${family}`;
      return [{ id, role, direction, family, title: `${title}, ${name}`, ...ends }];
    }),
  );
}

type Ends = Pick<Connection, 'source' | 'destination' | 'interface'>;

function endsOf(role: Role, family: Family, scenario: Scenario, options: TableNames): Ends | null {
  const server = endpoint(scenario.mailServer[family], 'self');
  const stranger = endpoint(scenario.stranger[family], 'outside', tablesOf(role, options));
  if (role === 'lan') {
    const host = endpoint(scenario.lanHost[family], 'inside');
    if (scenario.inside === null || !host || !stranger) return null;
    return { source: host, destination: stranger, interface: scenario.inside };
  }
  if (!server || !stranger) return null;
  const ends =
    role === 'mail-server'
      ? { source: server, destination: stranger }
      : { source: stranger, destination: server };
  return { ...ends, interface: scenario.outside };
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
