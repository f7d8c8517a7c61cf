// Why a record does not count: codes to count, and a phrase for people.

/** Records that are well formed and do not count, in the order in which the tests are made. */
export const IGNORE_REASONS = {
  'other-family': 'neither IPv4 nor IPv6',
  'no-payload': 'the log holds no packet',
  'cut-short': 'too little of the packet was captured',
  'not-tcp': 'not TCP',
  fragment: 'a later fragment',
  'other-port': 'not to a mail port',
  'not-opening': 'not the first packet of a connection',
  blocked: 'the firewall blocked it',
  'other-action': 'logged by a rule that passes nothing',
  'not-match': 'passed by its rule but dropped for another reason',
  'no-direction': 'neither inbound nor outbound',
  transit: 'forwarded, and no outside interface is named',
  outbound: 'outbound, and only inbound ones count',
  'other-interface': 'on another interface',
  redirected: 'redirected away from the mail port, as to a tarpit',
  'guarded-rule': 'logged by a rule that redirects to a tarpit',
  'not-mail-server': 'outbound, but not from a mail server',
  'ignored-network': 'in a network that is ignored',
} as const;

/** Records that cannot be decoded. */
export const MALFORMED_REASONS = {
  empty: 'empty record',
  'header-length': 'impossible header length',
  'header-cut': 'less captured than the header is long',
  'header-version': 'unknown header version',
  'bad-attribute': 'broken NFLOG attribute',
  'payload-not-ip': 'no IP packet behind the header',
  'ip-header': 'broken IP header',
} as const;

/** A reason not to count a well-formed record. */
export type IgnoreReason = keyof typeof IGNORE_REASONS;

/** A reason not to count a record, of either kind. */
export type Reason = IgnoreReason | keyof typeof MALFORMED_REASONS;

/** All reasons; a reason's number is its place here. Number 0 is none: the record is a sighting. */
export const REASONS: readonly (Reason | undefined)[] = [
  undefined,
  ...(Object.keys(IGNORE_REASONS) as Reason[]),
  ...(Object.keys(MALFORMED_REASONS) as Reason[]),
];

/** The number of each reason. */
export const REASON_NUMBER: Readonly<Record<Reason, number>> = Object.fromEntries(
  REASONS.flatMap((reason, number) => (reason === undefined ? [] : [[reason, number]])),
) as Record<Reason, number>;

/** Whether a reason says that a record is malformed. */
export function isMalformed(reason: Reason): boolean {
  return reason in MALFORMED_REASONS;
}

/** The phrase of a reason. */
export function describeReason(reason: Reason): string {
  return { ...IGNORE_REASONS, ...MALFORMED_REASONS }[reason];
}
