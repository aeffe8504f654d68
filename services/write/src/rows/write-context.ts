import { randomUUID } from 'node:crypto';
import type { Principal } from '#libs/governance/principal';
import type { WriteContext } from '#libs/governance/write-context';
import { childOf } from '#libs/runtime/telemetry';

const MAX_REASON = 2_000;

/**
 * Who and why, from the request's headers: `traceparent` (else a new trace), `X-Request-Id` (else a new one), `Lakeloop-Reason`
 * (percent-encoded where it is not plain ASCII), `Lakeloop-Hop` (write-backs that led here; a flow's word alone, else 0: flows refuse changes beyond a limit of
 * hops, and nobody else may hide a change from them).
 */
export function contextOf(headers: Readonly<Record<string, string | undefined>>, principal: Principal): WriteContext {
  const context: WriteContext = {
    actor: principal.subject,
    requestId: requestIdOf(headers['x-request-id']),
    traceparent: childOf(headers['traceparent']),
    hop: isFlow(principal) ? hopOf(headers['lakeloop-hop']) : 0,
  };
  if (principal.agent !== undefined) context.agent = principal.agent;
  if (principal.onBehalfOf !== undefined) context.onBehalfOf = principal.onBehalfOf;
  const reason = reasonOf(headers['lakeloop-reason']);
  if (reason !== undefined) context.reason = reason;
  return context;
}

/** The caller's own id when it is one printable word, so that it can be logged and sent back as it is. */
export function requestIdOf(header: string | undefined): string {
  return header !== undefined && /^[\x21-\x7e]{1,200}$/.test(header) ? header : randomUUID();
}

/** A flow's own identity (libs/governance/principal.ts); the issuer alone gives out subjects. */
function isFlow({ subject, agent }: Principal): boolean {
  return agent === undefined && subject.startsWith('flow:');
}

function hopOf(header: string | undefined): number {
  return header !== undefined && /^\d{1,4}$/.test(header) ? Number(header) : 0;
}

/** Node reads header bytes as Latin-1: what is UTF-8 underneath is read as that. */
function reasonOf(header: string | undefined): string | undefined {
  if (header === undefined || header === '') return undefined;
  const bytes = Buffer.from(header, 'latin1').toString('utf8');
  const text = bytes.includes('\ufffd') ? header : bytes;
  return unescape(text)
    .replaceAll(/[\0-\x1f\x7f]/g, ' ')
    .slice(0, MAX_REASON);
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
