// The sets that make up a table of nftables: whether they are there and fit, and how their elements are written.

import type { SetDescription } from './nft-listing.js';
import type { ElementStyle } from './nft-script.js';
import type { Reason } from './run-failure.js';
import type { NftTableSpec } from './table-spec.js';

/** One of the sets of a table, and what is known of it since the last look. */
export interface Member {
  /** Family, table and set, as nft's commands take them. */
  readonly words: readonly [string, string, string];
  readonly isIpv6: boolean;
  readonly style: ElementStyle;
  /** Most elements it takes; absent when unlimited. */
  readonly size?: number;
}

/** The sets that `spec` names among those the kernel has, or why one of them will not do. */
export function findMembers(
  spec: NftTableSpec,
  sets: readonly SetDescription[],
  updates: boolean,
): readonly Member[] | Reason {
  const members: Member[] = [];
  for (const [name, isIpv6] of [[spec.set4, false] as const, [spec.set6, true] as const]) {
    if (name === undefined) continue;
    const set = sets.find(one => one.table === spec.table && one.name === name);
    if (set === undefined) {
      return { code: 'missing', words: `there is no set ${name}; load the ruleset that declares it` };
    }
    const reason = refuse(set, isIpv6);
    if (reason !== undefined) return reason;
    members.push({
      words: [spec.family, spec.table, name],
      isIpv6,
      style: { hasTimeouts: set.flags.includes('timeout'), updates },
      ...(set.size !== undefined && { size: set.size }),
    });
  }
  return members;
}

/** Why a set cannot hold the addresses of a family, one by one and with their timeouts. */
function refuse({ name, type, flags }: SetDescription, isIpv6: boolean): Reason | undefined {
  const wanted = isIpv6 ? 'ipv6_addr' : 'ipv4_addr';
  if (type !== wanted) return { code: 'unsuitable', words: `set ${name} is not of type ${wanted}` };
  if (flags.includes('interval')) {
    const words = `set ${name} has "flags interval"; declare one without, and match both in the rules`;
    return { code: 'unsuitable', words };
  }
  if (flags.includes('constant')) {
    return { code: 'constant', words: `set ${name} has "flags constant"; declare it without` };
  }
  return undefined;
}
