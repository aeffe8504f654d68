import { type JsonValue, stringifyJson } from '#contracts/topics/json';

/** A row's primary key: by column, or the bare value where there is one column. */
export type RowKey = string | number | bigint | Readonly<Record<string, unknown>>;

/** As `/v1/history` takes it. A bare text goes as JSON too: it may look like JSON itself. */
export function keyText(key: RowKey): string {
  return stringifyJson(key as JsonValue);
}
