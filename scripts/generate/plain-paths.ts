import { MOST_BATCH_REQUESTS } from '#contracts/http/batch';

const problem = { description: 'A problem', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };

const VALUES = { type: 'object', minProperties: 1, additionalProperties: {} };

const BATCH = {
  type: 'object',
  required: ['requests'],
  properties: {
    requests: {
      type: 'array',
      minItems: 1,
      maxItems: MOST_BATCH_REQUESTS,
      items: {
        type: 'object',
        required: ['method', 'path'],
        properties: {
          method: { enum: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'PUT'] },
          path: { type: 'string', description: '<table>?<query>' },
          schema: { type: 'string' },
          headers: { type: 'object', additionalProperties: { type: 'string' } },
          body: {},
          changes: {
            type: 'array',
            minItems: 1,
            description: 'of a PATCH of a table, in the place of query and body: rows by key, each to values of its own, where they are what they were seen as',
            items: {
              type: 'object',
              required: ['key', 'set'],
              properties: { key: VALUES, was: { type: 'object', additionalProperties: {} }, set: VALUES },
            },
          },
        },
      },
    },
  },
};

/** Paths below `/v1` that are served straight on Fastify, where no controller describes them. */
export const PLAIN_PATHS = {
  '/v1/batch': {
    post: {
      operationId: 'runBatch',
      tags: ['Rows'],
      description: 'Row requests in one transaction, in their order; the first that is refused ends it all, and nothing is kept.',
      parameters: [
        {
          name: 'Idempotency-Key',
          in: 'header',
          description: 'Carries the batch out once; a repeat has the statuses alone',
          schema: { type: 'string', pattern: '^[ -~]{1,255}$' },
        },
      ],
      requestBody: { required: true, content: { 'application/json': { schema: BATCH } } },
      responses: { 200: { description: 'Each answer, in order', content: { 'application/json': { schema: {} } } }, default: problem },
    },
  },
  '/v1/files': {
    post: {
      operationId: 'uploadFile',
      tags: ['Files'],
      description:
        'The bytes of a file. The answer is the value that its uploader may write into a column of files; what comes into no row is collected after a day.',
      parameters: [
        {
          name: 'Content-Disposition',
          in: 'header',
          description: 'The name: attachment; filename*=UTF-8\'\'… (RFC 8187) or filename="…"',
          schema: { type: 'string' },
        },
      ],
      requestBody: { required: true, content: { '*/*': { schema: { type: 'string', format: 'binary' } } } },
      responses: {
        201: { description: 'The value of the file: contracts/http/files.schema.json', content: { 'application/json': { schema: {} } } },
        413: { ...problem, description: 'Larger than FILES_MAX_BYTES' },
        507: { ...problem, description: 'The storage is full' },
        default: problem,
      },
    },
  },
  '/v1/files/{table}/{column}': {
    get: {
      operationId: 'downloadFile',
      tags: ['Files'],
      description: 'The file in a cell that the caller may read, to be saved; one range of it where that is asked for.',
      parameters: [
        { name: 'table', in: 'path', required: true, description: '<schema>.<table>', schema: { type: 'string' } },
        { name: 'column', in: 'path', required: true, schema: { type: 'string' } },
        {
          name: 'key',
          in: 'query',
          required: true,
          description: 'The row: JSON of its primary key, or of the one value that it has',
          schema: { type: 'string' },
        },
        { name: 'inline', in: 'query', description: 'Shown in place where its type is harmless', schema: { type: 'boolean' } },
        { name: 'Range', in: 'header', schema: { type: 'string' } },
        { name: 'If-None-Match', in: 'header', schema: { type: 'string' } },
      ],
      responses: {
        200: { description: 'The file', content: { '*/*': { schema: { type: 'string', format: 'binary' } } } },
        206: { description: 'A range of it', content: { '*/*': { schema: { type: 'string', format: 'binary' } } } },
        304: { description: 'It is the one that the caller has' },
        410: { ...problem, description: 'The bytes are gone from the storage' },
        416: { description: 'No byte of the range is there' },
        default: problem,
      },
    },
  },
  '/v1/imports/{id}/content': {
    put: {
      operationId: 'feedImport',
      tags: ['Imports'],
      description: 'The file, or the rest of it from Upload-Offset on.',
      parameters: [
        { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
        { name: 'Upload-Offset', in: 'header', description: 'Where the body begins in the file, bytes; 0 by default', schema: { type: 'integer', minimum: 0 } },
      ],
      requestBody: { required: true, content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } } },
      responses: { 200: { description: 'The import as it stands', content: { 'application/json': { schema: {} } } }, default: problem },
    },
  },
};
