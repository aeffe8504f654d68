/** Records of a CSV text (RFC 4180): fields with quotes where they are needed. Undefined when a quote is left open or text follows a closing one. */
export function parseCsv(text: string): string[][] | undefined {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  while (at < text.length) {
    const field = text[at] === '"' ? quotedField(text, at) : bareField(text, at);
    if (!field) return undefined;
    record.push(field.value);
    at = field.end;
    if (text[at] === ',') {
      at += 1;
      if (at === text.length) record.push('');
      continue;
    }
    records.push(record);
    record = [];
    at += text.startsWith('\r\n', at) ? 2 : 1;
  }
  if (record.length > 0) records.push(record);
  return records;
}

interface Field {
  value: string;
  end: number;
}

function bareField(text: string, start: number): Field {
  let end = start;
  while (end < text.length && text[end] !== ',' && text[end] !== '\n' && !text.startsWith('\r\n', end)) end += 1;
  return { value: text.slice(start, end), end };
}

function quotedField(text: string, start: number): Field | undefined {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] !== '"') continue;
    if (text[at + 1] === '"') at += 1;
    else if (at + 1 === text.length || /[,\r\n]/.test(text[at + 1] as string)) return { value: text.slice(start + 1, at).replaceAll('""', '"'), end: at + 1 };
    else return undefined;
  }
  return undefined;
}
