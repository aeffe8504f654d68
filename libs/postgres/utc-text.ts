/** SQL of a `timestamptz` as text to the microsecond, whatever the session's settings: ISO 8601 in UTC, `2026-01-02T03:04:05.123456Z`. */
export function utcText(timestamptz: string): string {
  return `to_char(${timestamptz} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
