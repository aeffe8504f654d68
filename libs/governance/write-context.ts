import type { Principal } from './principal.ts';

/** Prefix of the transactional logical message that opens every governed transaction. */
export const CONTEXT_PREFIX = 'lakeloop.ctx';

/** Content of that message, as JSON: who and why, for the audit entry and the headers of the change event. */
export interface WriteContext {
  actor: string;
  agent?: string;
  onBehalfOf?: string;
  requestId: string;
  /** W3C Trace Context. */
  traceparent: string;
  /** Name of the flow that writes back. */
  flow?: string;
  /** Write-backs that led here; 0 for a person's write. */
  hop: number;
  reason?: string;
}

/** The 32 hexadecimal digits of a traceparent's trace id; undefined when it is malformed (W3C Trace Context §3.2). */
export function traceIdOf(traceparent: string): string | undefined {
  const match = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent);
  return match && match[1] !== '0'.repeat(32) ? match[1] : undefined;
}

/** Context of a principal's own write. */
export function contextOf(principal: Principal, why: Omit<WriteContext, 'actor' | 'agent' | 'onBehalfOf' | 'hop'> & { hop?: number }): WriteContext {
  const { subject, agent, onBehalfOf } = principal;
  return { actor: subject, ...(agent ? { agent } : {}), ...(onBehalfOf ? { onBehalfOf } : {}), hop: 0, ...why };
}

/** The context as Postgres takes it: jsonb has no NUL and no lone surrogate, and a reason given by a client may hold either. */
export function serializeContext(context: WriteContext): string {
  return JSON.stringify(context, (_key, value: unknown) => (typeof value === 'string' ? value.replaceAll('\0', '\uFFFD').toWellFormed() : value));
}
