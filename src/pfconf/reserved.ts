// The words that pf.conf(5) keeps for itself: as a name they must be in quotes.

const WORDS = `
  af-to all allow-opts altq anchor antispoof any bandwidth binat binat-anchor binat-to bitmask block block-policy
  cbq code crop debug divert-packet divert-reply divert-to dnpipe dnqueue drop drop-ovl dup-to ether fail-policy
  fastroute file fingerprints flags floating flush for fragment from global group hfsc hostid icmp-type icmp6-type
  if-bound in include inet inet6 keep label least-states limit load log loginterface map-e-portset match matches max
  max-mss max-pkt-rate max-src-conn max-src-conn-rate max-src-nodes max-src-states min-ttl modulate nat nat-anchor
  nat-to no no-df no-route no-sync on once optimization os out overload pass pflow port prio priority priq
  probability proto qlimit queue quick random random-id rdomain rdr rdr-anchor rdr-to reassemble received-on reply-to
  require-order return return-icmp return-icmp6 return-rst ridentifier round-robin route route-to rtable rule
  ruleset-optimization scrub set set-tos skip sloppy source-hash source-track state state-defaults state-policy
  static-port sticky-address syncookies synproxy table tag tagged tbrsize timeout to tos ttl upperlimit urpf-failed
  user weight
`;

const RESERVED: ReadonlySet<string> = new Set(WORDS.trim().split(/\s+/));

/** Whether an unquoted word is a keyword of either dialect rather than a name. */
export function isReserved(word: string): boolean {
  return RESERVED.has(word);
}
