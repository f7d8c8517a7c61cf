// Which records count: the choices of the administrator.

import type { PrefixSet } from '../address/prefix.js';

/** Rules of the firewall whose records never count, because what they pass goes to a tarpit. */
export interface RuleGuard {
  /**
   * Whether the rule is one of them.
   * @param ruleset the anchor, '' for the main ruleset
   * @param rulenr number in the main ruleset
   * @param subrulenr number inside the anchor; undefined outside of one
   */
  isGuarded(ruleset: string, rulenr: number, subrulenr: number | undefined): boolean;
}

/** The choices; see the manual's options of the same names. */
export interface Policy {
  /** `-I`: only inbound connections count. */
  readonly inboundOnly: boolean;
  /** `-i`: only connections on this interface count. NFLOG knows interfaces by their index. */
  readonly interface?: { readonly name: string; readonly index?: number };
  /** The name of an interface that NFLOG knows by its index; `#INDEX` where nobody knows it. */
  readonly nameInterface?: (index: number) => string | undefined;
  /** `--port`: the ports of mail. */
  readonly ports: readonly number[];
  /** `--ignore`: correspondents that never count. */
  readonly ignore: PrefixSet;
  /** `--mail-server`: the sources from which alone outbound connections count; all when absent. */
  readonly mailServers?: PrefixSet;
  /** Rules that redirect to a tarpit without showing it in the record. */
  readonly guard?: RuleGuard;
}

/** The port of SMTP. */
export const SMTP_PORT = 25;
