// The rows of our own table: what was seen of an address, put together with what was known of it.

import type { Database, Statement } from 'better-sqlite3';
import type { AddressSightings } from '../whitelist/batch.js';
import type { Sighting } from './store.js';

const INSERT = `INSERT INTO sightings(ip, first_seen, last_seen, last_direction, inbound, outbound, interface, ruleset,
  rulenr, subrulenr) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(ip) DO UPDATE SET`;

const LATEST = `first_seen = min(first_seen, excluded.first_seen),
  ${['last_direction', 'interface', 'ruleset', 'rulenr', 'subrulenr']
    .map(column => `${column} = iif(excluded.last_seen >= last_seen, excluded.${column}, ${column})`)
    .join(', ')},
  last_seen = max(last_seen, excluded.last_seen)`;

/** A statement for {@link writeSighting}: what is seen anew adds to the counts. */
export function prepareMergeSighting(db: Database): Statement<unknown[]> {
  return db.prepare(`${INSERT} ${LATEST}, inbound = inbound + excluded.inbound,
    outbound = outbound + excluded.outbound`);
}

/** A statement for {@link writeSighting}: what comes from another database may be known already, and counts once. */
export function prepareImportSighting(db: Database): Statement<unknown[]> {
  return db.prepare(`${INSERT} ${LATEST}, inbound = max(inbound, excluded.inbound),
    outbound = max(outbound, excluded.outbound)`);
}

/** Writes what was seen of an address. */
export function writeSighting(
  statement: Statement<unknown[]>,
  sightings: Sighting & Pick<AddressSightings, 'address'>,
): void {
  const { address, firstSeen, lastSeen, lastDirection, inbound, outbound, rule } = sightings;
  const { interface: name, ruleset, rulenr, subrulenr } = rule;
  statement.run(
    address,
    firstSeen,
    lastSeen,
    lastDirection,
    inbound,
    outbound,
    name,
    ruleset,
    rulenr,
    subrulenr,
  );
}
