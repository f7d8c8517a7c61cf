// Which table of which firewall: the value of the option `--table` as a value, and as text.

/** A pf table, in the main ruleset when `anchor` is ''. */
export interface PfTableSpec {
  readonly kind: 'pf';
  readonly anchor: string;
  readonly table: string;
}

/** One or two sets of an nftables table, one a family. */
export interface NftTableSpec {
  readonly kind: 'nft';
  readonly family: NftFamily;
  readonly table: string;
  readonly set4?: string;
  readonly set6?: string;
}

/** No firewall at all. */
export interface NoTableSpec {
  readonly kind: 'none';
}

/** A table as `--table` names it. */
export type TableSpec = PfTableSpec | NftTableSpec | NoTableSpec;

/** Families of nftables tables that see IP addresses (nft(8)). */
export const NFT_FAMILIES = ['ip', 'ip6', 'inet', 'bridge', 'netdev'] as const;

/** One of {@link NFT_FAMILIES}. */
export type NftFamily = (typeof NFT_FAMILIES)[number];

/** Table names have 31 characters at most (PF_TABLE_NAME_SIZE of pfvar.h). */
const PF_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,30}$/;
/** Anchors are paths of names, 1023 bytes in all (pfvar.h); a name is 63 (PF_ANCHOR_NAME_SIZE). */
const PF_ANCHOR = /^(?=.{1,1023}$)[A-Za-z0-9_][A-Za-z0-9_.:-]{0,62}(\/[A-Za-z0-9_][A-Za-z0-9_.:-]{0,62})*$/;
/** What nft takes for a name without quoting it; the kernel keeps 255 bytes (NFT_NAME_MAXLEN). */
const NFT_NAME = /^[A-Za-z_.][A-Za-z0-9_.-]{0,254}$/;

const FORMS = 'pf:TABLE, pf:ANCHOR/TABLE, nft:FAMILY:TABLE:SET4[:SET6] or none';

/** The table that a `--table` value names; throws a TypeError whose message is one line, without the option's name. */
export function parseTableSpec(text: string): TableSpec {
  if (text === 'none') return { kind: 'none' };
  const colon = text.indexOf(':');
  const rest = text.slice(colon + 1);
  if (colon > 0 && text.startsWith('pf:')) return parsePf(text, rest);
  if (colon > 0 && text.startsWith('nft:')) return parseNft(text, rest);
  throw new TypeError(`"${text}" is not a table: expected ${FORMS}`);
}

function parsePf(text: string, rest: string): PfTableSpec {
  const slash = rest.lastIndexOf('/');
  const anchor = slash < 0 ? '' : rest.slice(0, slash);
  const table = rest.slice(slash + 1);
  if (!PF_NAME.test(table)) {
    throw new TypeError(
      `"${text}" is not a table: "${table}" is not a name of a pf table (letters, digits and _ . : -, 31 at most)`,
    );
  }
  if (slash >= 0 && !PF_ANCHOR.test(anchor)) {
    throw new TypeError(`"${text}" is not a table: "${anchor}" is not the path of a pf anchor`);
  }
  return { kind: 'pf', anchor, table };
}

function parseNft(text: string, rest: string): NftTableSpec {
  const parts = rest.split(':');
  if (parts.length < 3 || parts.length > 4) {
    throw new TypeError(`"${text}" is not a table: expected nft:FAMILY:TABLE:SET4[:SET6]`);
  }
  const [family = '', table = '', set4 = '', set6 = ''] = parts;
  if (!isNftFamily(family)) {
    throw new TypeError(
      `"${text}" is not a table: family "${family}" is not one of ${NFT_FAMILIES.join(', ')}`,
    );
  }
  if (set4 === '' && set6 === '') throw new TypeError(`"${text}" is not a table: it names no set`);
  if (set4 === set6) throw new TypeError(`"${text}" is not a table: one set cannot hold both families`);
  for (const name of [table, set4, set6]) {
    if (name !== '' && !NFT_NAME.test(name)) {
      throw new TypeError(`"${text}" is not a table: "${name}" is not a name that nft takes`);
    }
  }
  if (table === '') throw new TypeError(`"${text}" is not a table: the name of the nftables table is empty`);
  return { kind: 'nft', family, table, ...(set4 && { set4 }), ...(set6 && { set6 }) };
}

function isNftFamily(text: string): text is NftFamily {
  return (NFT_FAMILIES as readonly string[]).includes(text);
}

/** The `--table` value that names a table. */
export function formatTableSpec(spec: TableSpec): string {
  switch (spec.kind) {
    case 'pf':
      return `pf:${spec.anchor === '' ? '' : `${spec.anchor}/`}${spec.table}`;
    case 'nft':
      return `nft:${spec.family}:${spec.table}:${spec.set4 ?? ''}${spec.set6 === undefined ? '' : `:${spec.set6}`}`;
    case 'none':
      return 'none';
  }
}
