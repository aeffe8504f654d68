import { HEADER } from '#contracts/topics/headers';

/** What a context message may say, by header. */
const FIELDS = [HEADER.traceparent, HEADER.actor, HEADER.agent, HEADER.onBehalfOf, HEADER.requestId, HEADER.flow, HEADER.hop, HEADER.reason] as const;

/**
 * Headers of a context message (architecture.md §4.2). Any role may emit one, so its content is not trusted to be well-formed: what is
 * no JSON object gives no headers, and only known fields that are text or numbers count.
 */
export function contextHeaders(content: Buffer): Readonly<Record<string, string>> {
  const context = parseObject(content);
  const headers: Record<string, string> = {};
  for (const field of FIELDS) {
    const value = context[field];
    if (typeof value === 'string' || typeof value === 'number') headers[field] = String(value);
  }
  return headers;
}

function parseObject(content: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(content.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
