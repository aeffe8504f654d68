/** Cells of a rectangle as a spreadsheet puts them on the clipboard: rows by line, columns by tab; a cell with tab, line or quote inside is quoted. */
export function readBlock(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at <= text.length) {
    const { cell, end } = text[at] === '"' ? quotedCell(text, at) : plainCell(text, at);
    row.push(cell);
    at = end;
    if (text[at] === '\t') {
      at += 1;
      continue;
    }
    rows.push(row);
    row = [];
    if (at >= text.length) break;
    at += text.startsWith('\r\n', at) ? 2 : 1;
    // The line end behind the last row begins none.
    if (at >= text.length) break;
  }
  return rows;
}

export function writeBlock(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.map((cell) => (/[\t\n\r"]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join('\t')).join('\n');
}

function plainCell(text: string, from: number): { cell: string; end: number } {
  let end = from;
  while (end < text.length && !'\t\n\r'.includes(text[end] ?? '')) end += 1;
  return { cell: text.slice(from, end), end };
}

/** A quote that is never closed is a plain character. */
function quotedCell(text: string, from: number): { cell: string; end: number } {
  const match = /^"((?:[^"]|"")*)"(?=[\t\r\n]|$)/.exec(text.slice(from));
  return match ? { cell: (match[1] ?? '').replaceAll('""', '"'), end: from + match[0].length } : plainCell(text, from);
}
