import { randomFillSync } from 'node:crypto';
import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, TraceFlags, trace, type Tracer } from '@opentelemetry/api';

/** W3C Trace Context §3.2: version 00, 32 + 16 hexadecimal digits, flags. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Random bytes drawn in bulk: one draw costs microseconds, and every request needs an id. */
const POOL = Buffer.alloc(4_096);
let used = POOL.length;

function randomHex(bytes: number): string {
  if (used + bytes > POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  used += bytes;
  return POOL.toString('hex', used - bytes, used);
}

/** A new trace, sampled. */
export function newTraceparent(): string {
  return `00-${randomHex(16)}-${randomHex(8)}-01`;
}

/** A new span of the same trace; a new trace when the parent is absent or malformed. */
export function childOf(traceparent: string | undefined): string {
  const match = TRACEPARENT.exec(traceparent ?? '');
  if (!match || /^0+$/.test(match[1] ?? '') || /^0+$/.test(match[2] ?? '')) return newTraceparent();
  return `00-${match[1]}-${randomHex(8)}-${match[3]}`;
}

/**
 * Runs `work` in a span below `traceparent`; without a configured exporter (telemetry-export.ts) this costs next to nothing.
 * `work` is given the traceparent of the new span, to hand on.
 */
export async function inSpan<T>(
  name: string,
  traceparent: string,
  work: (traceparent: string) => Promise<T>,
  attributes: Record<string, string | number> = {},
): Promise<T> {
  const span = tracer().startSpan(name, { kind: SpanKind.INTERNAL, attributes }, parentContext(traceparent));
  try {
    return await work(span.isRecording() ? traceparentOf(span) : childOf(traceparent));
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
    throw error;
  } finally {
    span.end();
  }
}

function tracer(): Tracer {
  return trace.getTracer('lakeloop');
}

function parentContext(traceparent: string): typeof ROOT_CONTEXT {
  const match = TRACEPARENT.exec(traceparent);
  if (!match) return ROOT_CONTEXT;
  const [, traceId = '', spanId = '', flags = '01'] = match;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true });
}

function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}
