// What libpcap and the capture engines call link types, and which of them carry a firewall's log.

import { LINK_TYPE, linkTypeProblem } from '../wire/savefile-problem.js';

/** Numbers as in pcap-linktype(7), by the names that `pcap_datalink_val_to_name` gives. */
const NUMBERS: Readonly<Record<string, number>> = {
  NULL: 0,
  EN10MB: 1,
  PPP: 9,
  RAW: 101,
  LOOP: 108,
  LINUX_SLL: 113,
  PFLOG: LINK_TYPE.pflog,
  IEEE802_11_RADIO: 127,
  NFLOG: LINK_TYPE.nflog,
  LINUX_SLL2: 276,
};

/** The number of a name; undefined for names that are not known here. */
export function linkTypeOfName(name: string): number | undefined {
  return NUMBERS[name];
}

/** Why a capture of this link type is of no use, as a phrase that names it; undefined when it is. */
export function refuseLinkType(linkType: number): string | undefined {
  const problem = linkTypeProblem(linkType);
  if (problem === undefined) return undefined;
  const name = Object.entries(NUMBERS).find(([, number]) => number === linkType)?.[0];
  return name === undefined
    ? problem.message
    : problem.message.replace(`link type ${linkType}`, `link type ${linkType} (${name})`);
}
