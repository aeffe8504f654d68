import type { LakeTable } from '../lakehouse.ts';

/** An identifier between backticks (Databricks SQL, "Identifiers": delimited). */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A string literal: backslash escapes (Databricks SQL, "STRING type"). Values are bound; this is for where the grammar wants a literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/**
 * A schema's or table's name as Unity Catalog takes it: no period, blank, slash or control character (Databricks SQL, "Names"), so those, and the percent sign itself, are `%xx`
 * of their UTF-8 bytes. Unity Catalog keeps names in lower case: two that differ by case alone are one.
 */
export function objectName(name: string): string {
  return name.replaceAll(/[.\s/%\u0000-\u001f\u007f]/gu, (character) =>
    Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

export function nameOfObject(object: string): string {
  try {
    return decodeURIComponent(object);
  } catch {
    return object;
  }
}

export function qualified(catalog: string, { schema, name }: LakeTable): string {
  return `${quoteName(catalog)}.${quoteName(objectName(schema))}.${quoteName(objectName(name))}`;
}
