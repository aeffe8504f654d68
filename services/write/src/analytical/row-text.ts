import type { LakeValue } from '#libs/lakehouse/lake-type';
import type { Output } from './compile/lake-select.ts';

/** One row of a query as the JSON object that `row_to_json` makes, or `json_strip_nulls` of it. */
export function rowWriter(outputs: readonly Output[], stripNulls: boolean): (row: readonly LakeValue[]) => string {
  const members = outputs.map(({ name, json, at, pg }) => ({ prefix: `${JSON.stringify(name)}:`, json, at, nested: pg === 'json' || pg === 'jsonb' }));
  if (!stripNulls) return (row) => `{${members.map(({ prefix, json, at }) => prefix + json(row, at)).join(',')}}`;
  return (row) => {
    const texts = members.flatMap(({ prefix, json, at, nested }) => {
      const text = json(row, at);
      return text === 'null' ? [] : [prefix + (nested ? JSON.stringify(withoutNulls(JSON.parse(text))) : text)];
    });
    return `{${texts.join(',')}}`;
  };
}

/** `json_agg` puts a line's end after the comma; `json_strip_nulls` writes the text anew, without. */
export function rowSeparator(stripNulls: boolean): string {
  return stripNulls ? ',' : ', \n ';
}

/** Members of objects only: a null in a list stays. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([name, item]) => (item === null ? [] : [[name, withoutNulls(item)]])));
}
