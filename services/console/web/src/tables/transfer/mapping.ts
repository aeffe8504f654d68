import type { TableDescription } from '#contracts/http/tables';

/** Which column of the table each name of the file means; names that are left out are not in it. */
export type Mapping = Readonly<Record<string, string>>;

/** The column for a name; a file may call one `constructor`. */
export function columnFor(mapping: Mapping, name: string): string | undefined {
  return Object.hasOwn(mapping, name) ? mapping[name] : undefined;
}

type Column = TableDescription['columns'][number];

/** Columns that an import may fill: what the database keeps by itself is none of them, except a key that people may give. */
export function fillable({ columns, key }: Pick<TableDescription, 'columns' | 'key'>): Column[] {
  return columns.filter(({ name, system }) => !system || key.includes(name));
}

/** A first guess, by name and label, whatever their case, accents and separators; each column once. */
export function guessMapping(names: readonly string[], table: Pick<TableDescription, 'columns' | 'key'>): Mapping {
  const free = new Set(fillable(table));
  const found = new Map<string, string>();
  const take = (fits: (name: string, column: Column) => boolean): void => {
    for (const name of names) {
      const column = found.has(name) ? undefined : [...free].find((each) => fits(name, each));
      if (!column) continue;
      free.delete(column);
      found.set(name, column.name);
    }
  };
  take((name, column) => name === column.name);
  take((name, column) => plain(name) !== '' && (plain(name) === plain(column.name) || plain(name) === plain(column.label ?? '')));
  return Object.fromEntries(found);
}

function plain(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase();
}

/** What keeps a mapping from being imported; empty: nothing. Required columns without a default have to come from the file. */
export function lacksOfMapping(mapping: Mapping, table: Pick<TableDescription, 'columns' | 'key'>): string[] {
  const targets = Object.values(mapping);
  if (targets.length === 0) return ['Choose at least one column.'];
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined) return [`${twice} is filled twice.`];
  const missing = fillable(table).filter(
    ({ name, required, default: fallback, system }) => (required || table.key.includes(name)) && fallback === undefined && !system && !targets.includes(name),
  );
  return missing.map(({ name, label }) => `${label ?? name} is required, and nothing of the file goes there.`);
}

/** As the API takes it; undefined where the file's names are the columns' and all are taken. */
export function mappingBody(mapping: Mapping, names: readonly string[]): { name: string; column: string }[] | undefined {
  const pairs = names.flatMap((name) => {
    const column = columnFor(mapping, name);
    return column === undefined ? [] : [{ name, column }];
  });
  return pairs.length === names.length && pairs.every(({ name, column }) => name === column) ? undefined : pairs;
}
