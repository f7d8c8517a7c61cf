// One connection through netfilter: hook after hook, base chain after base chain.

import type { Lookup } from './compare.js';
import type { Hook, NftChain, NftRuleset } from './model.js';
import type { NftPacket } from './packet.js';
import type { Walk } from './path.js';
import { walkBaseChain } from './walk.js';

/** Where a packet leaves when it is not for this machine. */
export interface Routes {
  readonly outside: string;
  /** Null where there is no network inside. */
  readonly inside: string | null;
}

/** Everything that may become of a packet that arrives, or that this machine sends. */
export function evaluateNft(packet: NftPacket, routes: Routes, lookup: Lookup): Walk[] {
  const start: Walk = {
    packet,
    records: [],
    target: null,
    dropped: null,
    accepted: null,
    isUnknown: false,
    doubts: [],
  };
  if (packet.iifname === null) return through(['output', 'postrouting'], start, lookup);
  return through(['prerouting'], start, lookup).flatMap(walk => {
    if (walk.dropped) return [walk];
    const place = walk.target?.how === 'tproxy' ? 'self' : walk.packet.destination.place;
    if (place === 'self') return through(['input'], walk, lookup);
    const oifname = place === 'outside' ? routes.outside : routes.inside;
    return through(['forward', 'postrouting'], { ...walk, packet: { ...walk.packet, oifname } }, lookup);
  });
}

/** The walks after all base chains of the hooks. */
function through(hooks: readonly Hook[], start: Walk, lookup: Lookup): Walk[] {
  let walks = [start];
  for (const hook of hooks) {
    for (const chain of chainsAt(hook, start.packet, lookup.ruleset)) {
      walks = walks.flatMap(walk => (skips(chain, walk) ? [walk] : walkBaseChain(chain, walk, hook, lookup)));
    }
  }
  return walks;
}

/** Base chains that see the packet, by priority; those of the same priority as they are listed. */
function chainsAt(hook: Hook, packet: NftPacket, ruleset: NftRuleset): NftChain[] {
  const families = ['inet', packet.family === 'inet' ? 'ip' : 'ip6'];
  return [...ruleset.chains.values()]
    .filter(chain => chain.base?.hook === hook && families.includes(chain.family))
    .sort((a, b) => a.base!.priority - b.base!.priority);
}

/** A nat chain sees the first packet of a connection alone, and only until one has translated it. */
function skips(chain: NftChain, walk: Walk): boolean {
  if (walk.dropped) return true;
  return (
    chain.base?.type === 'nat' &&
    (walk.packet.phase !== 'syn' || (walk.packet.isDnat && isDestination(chain)))
  );
}

function isDestination(chain: NftChain): boolean {
  return chain.base?.hook === 'prerouting' || chain.base?.hook === 'output';
}
