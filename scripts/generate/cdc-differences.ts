import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Artefact } from './artefact.ts';

const PATH = 'docs/cdc.md';
/** What is between them is made from code; the rest of the file is written by hand. */
const MARKS = /(<!-- generated: e2e\/debezium\/declared\.ts -->\n)[^]*(<!-- end -->)/;

/** The table in docs/cdc.md of where our topics differ from Debezium's. Throws where the marks around it are missing. */
export async function cdcDifferences(root: string): Promise<Artefact[]> {
  const { declaredTable } = (await import(pathToFileURL(join(root, 'e2e/debezium/declared.ts')).href)) as { declaredTable: () => string };
  const text = await readFile(join(root, PATH), 'utf8');
  if (!MARKS.test(text)) throw new TypeError(`${PATH} has no marks around the table of differences from Debezium`);
  return [{ path: PATH, text: text.replace(MARKS, (_all, open: string, close: string) => `${open}\n${declaredTable()}\n${close}`) }];
}
