/** `Content-Disposition` (RFC 6266) of a file to be saved: `asked` may be percent-encoded, and gets the extension unless it has it. */
export function attachment(asked: string, table: string, extension: string): string {
  const name = cleaned(decoded(asked)) || cleaned(table) || 'rows';
  const whole = name.toLowerCase().endsWith(`.${extension}`) ? name : `${name}.${extension}`;
  return dispositionOf('attachment', whole);
}

/** For a name of any characters: plain ASCII for old clients, and the whole of it (RFC 8187) for others. */
export function dispositionOf(kind: 'attachment' | 'inline', name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]/g, '_').replaceAll(/["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replaceAll(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${kind}; filename="${plain}"${plain === name ? '' : `; filename*=UTF-8''${encoded}`}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Without what would name a place instead of a file, at most 150 characters. */
function cleaned(name: string): string {
  return name
    .replaceAll(/[\p{Cc}/\\:*?"<>|]/gu, '_')
    .replace(/^[. ]+/, '')
    .trim()
    .slice(0, 150)
    .toWellFormed();
}
