// A TCP packet on its way through netfilter.

import type { Family } from '../ast.js';
import type { Endpoint } from '../evaluate/packet.js';

/** A packet at some hook. */
export interface NftPacket {
  readonly family: Family;
  readonly source: Endpoint;
  readonly sourcePort: number;
  readonly destination: Endpoint;
  /** Null where a redirection may choose between several. */
  readonly destinationPort: number | null;
  /** Null for a packet that this machine sends. */
  readonly iifname: string | null;
  /** Null before it is routed, and for a packet to this machine. */
  readonly oifname: string | null;
  /** The first packet of a connection, or one in the middle of it. */
  readonly phase: 'syn' | 'established';
  readonly isDnat: boolean;
  /** Null where it is not known any more. */
  readonly mark: number | null;
}
