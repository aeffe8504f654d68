/** SQL's quoting, which DuckDB shares: the quote inside is doubled. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** What a scanner steps over: quoted names, texts (also `E'…'` and `$tag$…$tag$`), comments, and casts. */
const TOKEN = /"(?:[^"]|"")*"|'(?:[^']|'')*'|\$(\w*)\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|::|:([A-Za-z_]\w*)/g;

/** `:name` as DuckDB writes it, `$name`; quoted text, comments and `::` stay. Also the names used. */
export function namedParameters(sql: string): { sql: string; names: string[] } {
  const names = new Set<string>();
  const text = sql.replaceAll(TOKEN, (whole: string, _tag: string | undefined, name: string | undefined) => {
    if (name === undefined) return whole;
    names.add(name);
    return `$${name}`;
  });
  return { sql: text, names: [...names] };
}
