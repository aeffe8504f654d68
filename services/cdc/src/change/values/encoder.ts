/** Turns PostgreSQL's text of one value into JSON text (envelope.md). Total: text it does not know how to read stays text. */
export type ValueEncoder = (text: string) => string;

/** JSON string of the text as it is. */
export const asText: ValueEncoder = (text) => JSON.stringify(text);

/** The text is a JSON number already: every digit is kept. */
export const asInteger: ValueEncoder = (text) => text;

/** `t` or `f`. */
export const asBoolean: ValueEncoder = (text) => (text === 't' ? 'true' : 'false');
