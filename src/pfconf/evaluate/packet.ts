// The first packet of a connection as a filter sees it.

import type { AddressWords } from '../../address/address.js';
import type { Direction, Family } from '../ast.js';

/** Where a host is: beyond the outside interface, this machine, or the network inside. */
export type Place = 'outside' | 'self' | 'inside';

/** One end of a connection. */
export interface Endpoint {
  /** Null where a translation may choose between several. */
  readonly address: AddressWords | null;
  /** Those it may choose between, where they are known. */
  readonly choices?: readonly AddressWords[];
  readonly place: Place;
  /** Tables that it is in whatever their definition says. */
  readonly tables: ReadonlySet<string>;
}

/** A TCP SYN without ACK at one interface. */
export interface Packet {
  readonly direction: Direction;
  readonly interface: string;
  readonly family: Family;
  readonly source: Endpoint;
  readonly sourcePort: number;
  readonly destination: Endpoint;
  /** Null where a redirection may choose between several. */
  readonly destinationPort: number | null;
  /** The interface a forwarded packet came in on; null for one that this machine sends. */
  readonly receivedOn: string | null;
  readonly tag: string | null;
}
