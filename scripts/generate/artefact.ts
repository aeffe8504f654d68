/** A committed file that is made from code: path from the repository's root, and its whole text. */
export interface Artefact {
  path: string;
  text: string;
}

/** Stable JSON text: two spaces, a newline at the end. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
