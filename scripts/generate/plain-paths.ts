const problem = { description: 'A problem', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };

const BATCH = {
  type: 'object',
  required: ['requests'],
  properties: {
    requests: {
      type: 'array',
      minItems: 1,
      maxItems: 1_000,
      items: {
        type: 'object',
        required: ['method', 'path'],
        properties: {
          method: { enum: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'PUT'] },
          path: { type: 'string', description: '<table>?<query>' },
          schema: { type: 'string' },
          headers: { type: 'object', additionalProperties: { type: 'string' } },
          body: {},
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
