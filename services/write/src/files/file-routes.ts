import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import type { Governed } from '#libs/governance/governed';
import { ProblemException } from '#libs/runtime/http/problem';
import type { AgentReads } from '../audit/agent-reads.ts';
import type { CatalogueCache } from '../catalogue/catalogue-cache.ts';
import { governedCatalogue } from '../governed-catalogue.ts';
import { answerWithProblems, askingOf, type PlainRouteOptions } from '../plain-route.ts';
import { withSqlProblems } from '../sql-problem.ts';
import { type FileCell, readFileCell } from './file-cell.ts';
import { nameOf } from './file-name.ts';
import { mediaTypeOf } from './media-type.ts';
import { tooLarge } from './meter.ts';
import { type FileStand, receiveFile } from './receive-file.ts';
import { sendFile } from './send-file.ts';

export interface FileRoutesOptions extends PlainRouteOptions {
  /** Null where files have no storage: 501. */
  files: FileStand | null;
  governed: Governed;
  catalogue: CatalogueCache;
  reads: AgentReads;
}

type Headers = Readonly<Record<string, string | undefined>>;

/** `POST /v1/files` and `GET /v1/files/<schema>.<table>/<column>?key=…`, straight on Fastify: bytes pass as streams. */
export async function fileRoutes(fastify: FastifyInstance, options: FileRoutesOptions): Promise<void> {
  const { identify, logger, catalogue } = options;
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  answerWithProblems(fastify, logger);
  fastify.post('/', { bodyLimit: Number.MAX_SAFE_INTEGER }, async (request, reply) => {
    // What is not read of the file would be taken for the next request.
    void reply.header('connection', 'close');
    const stand = storedHere(options);
    const { principal, context } = await askingOf(identify, request);
    const { schemas } = governedCatalogue(catalogue);
    const headers = request.headers as Headers;
    requireRaw(headers, stand.maxBytes);
    const [name, type] = [nameOf(headers['content-disposition']), mediaTypeOf(headers['content-type'])];
    const value = await receiveFile(stand, { principal, schemas, name, type, body: bodyOf(request) });
    return reply.status(201).removeHeader('connection').header('x-request-id', context.requestId).send(value);
  });
  fastify.route({
    method: ['GET', 'HEAD'],
    url: '/:table/:column',
    handler: async (request, reply) => {
      const { status, headers, body } = await withSqlProblems(() => answer(options, request));
      void reply.status(status).headers(headers);
      return reply.send(body ?? '');
    },
  });
  await Promise.resolve();
}

/** The cell is read as the caller first; what an agent gets is on record before it goes out. */
async function answer(options: FileRoutesOptions, request: FastifyRequest): ReturnType<typeof sendFile> {
  const { identify, governed, logger, reads } = options;
  const stand = storedHere(options);
  const asking = await askingOf(identify, request);
  const { table, column } = request.params as { table: string; column: string };
  const { key, inline } = request.query as Record<string, unknown>;
  if (typeof key !== 'string') throw new ProblemException(400, 'invalid-input', 'key must name one row', { hint: 'key={"id":1}, percent-encoded' });
  const cell = await readFileCell({ pool: stand.pool, governed }, asking.principal, { ...namesOf(options, table), column, key });
  const { method } = request;
  const sent = await sendFile({ storage: stand.storage, logger }, cell.file, { method, headers: request.headers as Headers, inline: inline === 'true' });
  const { agent } = asking.principal;
  if (agent !== undefined)
    await recordRead(reads, { ...asking, agent, column, cell }).catch((error: unknown) => {
      sent.body?.destroy();
      throw error;
    });
  return sent;
}

type ReadByAgent = Awaited<ReturnType<typeof askingOf>> & { agent: string; column: string; cell: FileCell };

function recordRead(reads: AgentReads, { principal, context, agent, column, cell: { facts, file } }: ReadByAgent): Promise<void> {
  const { schema, name: table } = facts;
  const seen = { principal, context, agent, home: 'postgres' as const, schema, table, query: `files/${column}?key=?`, rows: 1 };
  return reads.recordHashed(seen, Buffer.from(file.sha256, 'hex'));
}

function storedHere({ files }: FileRoutesOptions): FileStand {
  if (files) return files;
  throw new ProblemException(501, 'unsupported', 'files have no storage here', { hint: 'Set FILES_URL of the write service.' });
}

/** A body that is the file, and no more than that. */
function requireRaw(headers: Headers, maxBytes: number): void {
  const length = headers['content-length'];
  if (length !== undefined && Number(length) > maxBytes) throw tooLarge(maxBytes);
  if (/^multipart\//i.test(headers['content-type'] ?? ''))
    throw new ProblemException(415, 'unsupported', 'forms are not taken', {
      hint: 'Send the bytes as the body, their media type as Content-Type and the name in Content-Disposition.',
    });
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw new ProblemException(415, 'unsupported', 'encoded bodies are not taken');
}

/** Nothing of a request without a body. */
function bodyOf({ body, raw }: FastifyRequest): Readable {
  return body instanceof Readable ? body : raw;
}

/** `<schema>.<table>`, by the exposed schemas: names may have dots. */
function namesOf({ catalogue }: FileRoutesOptions, text: string): { schema: string; table: string } {
  const { schemas } = governedCatalogue(catalogue);
  const schema = schemas.filter((each) => text.startsWith(`${each}.`)).toSorted((a, b) => b.length - a.length)[0];
  if (schema !== undefined) return { schema, table: text.slice(schema.length + 1) };
  throw new ProblemException(404, 'unknown-table', `${text} is no table of an exposed schema`, { schemas, hint: 'It is named <schema>.<table>.' });
}
