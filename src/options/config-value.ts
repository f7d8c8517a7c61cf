// The types of TOML's values, and which of them an option takes.

import type { ConfigType, Option } from './option.js';

/** What a value is called: TOML's integers are bigints here, its floats numbers. */
function typeName(value: unknown): string {
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'bigint') return 'an integer';
  if (typeof value === 'number') return 'a float';
  if (typeof value === 'boolean') return 'a boolean';
  if (Array.isArray(value)) return 'a list';
  return value instanceof Date ? 'a date or time' : 'a table';
}

/** The texts that a value stands for, or what it has to be and what it is. */
export function configTexts(
  option: Option<unknown>,
  value: unknown,
): { readonly texts: readonly string[] } | { readonly problem: string } {
  const { kind, configTypes = ['string'] } = option;
  if (kind === 'flag') {
    return typeof value === 'boolean'
      ? { texts: [String(value)] }
      : { problem: `true or false, not ${typeName(value)}` };
  }
  const isList = kind === 'list' && Array.isArray(value);
  const values: readonly unknown[] = isList ? value : [value];
  const names = configTypes.map(withArticle);
  const lists = kind === 'list' ? ` or a list of ${configTypes.map(type => `${type}s`).join(' or ')}` : '';
  const expected = `${names.join(', ')}${lists}`;
  const stranger = values.find(one => !names.includes(typeName(one)));
  if (stranger !== undefined) {
    const found = isList ? `a list with ${typeName(stranger)} in it` : typeName(stranger);
    return { problem: `${expected}, not ${found}` };
  }
  // As on a command line, where there can be none.
  const texts = values.map(String);
  const cut = texts.find(text => text.includes('\0'));
  return cut === undefined ? { texts } : { problem: `${expected} without a NUL, not "${cut}"` };
}

function withArticle(type: ConfigType): string {
  return type === 'integer' ? 'an integer' : 'a string';
}
