import { z } from 'zod';
import { type Environment, loadConfig } from './config.ts';
import type { Lifecycle } from './lifecycle.ts';

/** OpenTelemetry's own variable; the exporter reads its other OTEL_EXPORTER_OTLP_* variables (headers, timeout) by itself. */
const settings = z.object({ OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional().describe('base URL of an OTLP/HTTP collector; unset: no spans are exported') });

/**
 * Sends spans to the OTLP collector named in the environment, in the background; a collector that is down loses spans, never work.
 * Without one nothing is loaded and undefined is returned.
 */
export async function startTelemetryExport(service: string, environment: Environment): Promise<Lifecycle | undefined> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = loadConfig(settings, environment);
  if (!endpoint) return undefined;
  const [{ trace }, { BatchSpanProcessor, TracerProvider }, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  trace.setGlobalTracerProvider(provider);
  return {
    name: 'telemetry',
    run: () => Promise.resolve(),
    drain: () => Promise.resolve(),
    stop: () => provider.shutdown(),
  };
}
