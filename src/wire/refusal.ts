// Why a decoder refused a record: a stable code to count and a sentence to show.

/** Codes of the refusals; those in {@link UNDECIDED} are ordinary records that we have no use for, the others malformed. */
export type RefusalCode =
  | 'empty'
  | 'header-length'
  | 'header-cut'
  | 'header-version'
  | 'bad-attribute'
  | 'payload-not-ip'
  | 'ip-header'
  | 'no-payload'
  | 'other-family'
  | 'cut-short';

/** A record, or a part of one, that a decoder refused. */
export interface Refusal {
  readonly refused: RefusalCode;
  /** A short phrase, for people. */
  readonly why: string;
}

/** Makes a {@link Refusal}. */
export function refuse(refused: RefusalCode, why: string): Refusal {
  return { refused, why };
}

/** Whether a decoder's answer is a refusal. */
export function isRefusal(answer: object): answer is Refusal {
  return 'refused' in answer;
}

/** Refusals that do not make a record malformed: well formed as far as it goes, but not one that can be decided. */
export const UNDECIDED: ReadonlySet<RefusalCode> = new Set(['no-payload', 'other-family', 'cut-short']);
