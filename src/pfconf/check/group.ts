// Items by a key, in the order in which keys first appear.

/** The items that have the same key, under that key. */
export function groupBy<Key, Item>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** Items by the rule that they are about; rules of one statement are one, as a reader sees it. */
export function groupByRule<Rule extends { readonly statement: unknown } | null | undefined, Item>(
  items: readonly Item[],
  ruleOf: (item: Item) => Rule,
): [Rule, Item[]][] {
  const groups = [...groupBy(items, item => ruleOf(item)?.statement).values()];
  return groups.map(group => [ruleOf(group[0]!), group]);
}
