// What can be wrong with a capture file, told apart by what a reader should do about it.

/**
 * `empty`: there is not a byte. `truncated`: the file ends inside a record or header, and all before it counts. The
 * others end the reading of the file.
 */
export type ProblemKind = 'empty' | 'truncated' | 'corrupt' | 'format' | 'link-type';

/** Why the reading of a capture file ended. */
export interface SavefileProblem {
  readonly kind: ProblemKind;
  /** A phrase that follows the file's name. */
  readonly message: string;
}

/** Link types (tcpdump.org/linktypes) that the decoders know. */
export const LINK_TYPE = { pflog: 117, nflog: 239, oldPflog: 17 } as const;

/** The problem with a link type, or undefined when there is none. */
export function linkTypeProblem(linkType: number): SavefileProblem | undefined {
  if (linkType === LINK_TYPE.pflog || linkType === LINK_TYPE.nflog) return undefined;
  const known = 'only 117 (pflog) and 239 (NFLOG) are read';
  const message =
    linkType === LINK_TYPE.oldPflog
      ? `link type 17 (pflog before OpenBSD 3.4) is ambiguous and not supported; ${known}`
      : `link type ${linkType} is not supported; ${known}`;
  return { kind: 'link-type', message };
}
