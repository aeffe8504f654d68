import type { ImportRefusal } from '#contracts/http/imports';

/** Refused lines as CSV: line, SQLSTATE, message. */
export function refusalsCsv(refusals: readonly ImportRefusal[]): string {
  const lines = refusals.map(({ line, code, message }) => `${line},${code},"${message.replaceAll('"', '""')}"`);
  return ['line,code,message', ...lines, ''].join('\r\n');
}
