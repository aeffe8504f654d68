const table = {
  name: 'table',
  in: 'path',
  required: true,
  schema: { type: 'string' },
  description: 'A table or view of the schema that the profile header names, in Postgres or, for reads, in the lakehouse',
};
const query = (name: string, description: string): object => ({ name, in: 'query', schema: { type: 'string' }, description });
const header = (name: string, description: string): object => ({ name, in: 'header', schema: { type: 'string' }, description });

const FILTERS = [
  query('and', 'Conditions that all hold: (a.gte.1,or(b.is.null,c.in.(x,y)))'),
  query('or', 'Conditions of which one holds'),
  {
    name: 'filters',
    in: 'query',
    style: 'form',
    explode: true,
    schema: { type: 'object', additionalProperties: { type: 'string' } },
    description: '<column>=[not.]<operator>.<value>',
  },
];
const READ = [
  query(
    'select',
    'Columns, with renaming and casts: id,total:amount::text; aggregates: region,count(),amount.sum(); related tables: *,segment(label),...client(name)',
  ),
  query('order', 'amount.desc.nullslast,id'),
  query('limit', 'Most rows'),
  query('offset', 'Rows to skip'),
];
const KEYSET = query('cursor', 'Where a page by cursor begins: from the Link header of the page before');
const AS_OF = query('asOf', 'A time (ISO 8601) or the number of a checkpoint: adopted tables as they were');
const PREFER = header('Prefer', 'return=representation|minimal|headers-only, count=exact, page=keyset, download=<name>');
const WRITE = [
  PREFER,
  header('Content-Profile', 'Schema of the table; the first exposed one by default'),
  header('Idempotency-Key', 'The same key and body give the same answer; another body is 422'),
  header('If-Match', 'Row version from an ETag; a stale one is 412'),
  header('traceparent', 'W3C trace context; the write and all that follows carry it'),
];
const rows = { description: 'Rows', content: { 'application/json': { schema: { type: 'array', items: { type: 'object' } } } } };
const link = { description: '<…>; rel="next": the next page, where there is one and Prefer: page=keyset was sent', schema: { type: 'string' } };
const page = {
  description: 'Rows',
  headers: { Link: link, 'Lakeloop-As-Of': { description: '<time>; version=<checkpoint>, where asOf was asked for', schema: { type: 'string' } } },
  content: {
    ...rows.content,
    'text/csv': { schema: { type: 'string' } },
    'application/x-ndjson': { schema: { type: 'string' } },
    'application/vnd.apache.parquet': { schema: { type: 'string', format: 'binary' } },
  },
};
const error = {
  description: 'An error in PostgREST’s form',
  content: { 'application/json': { schema: { type: 'object', properties: { code: { type: 'string' }, message: { type: 'string' }, details: {}, hint: {} } } } },
};

const routine = {
  name: 'function',
  in: 'path',
  required: true,
  schema: { type: 'string' },
  description: 'A function of the schema that the profile header names',
};
const value = { description: 'What it returns: a value, a row or rows', content: { 'application/json': { schema: {} } } };

/** The row API by hand: its tables are the database's, so there is no controller to read. */
export const ROW_PATHS = {
  '/rest/v1/': {
    get: {
      operationId: 'describeRows',
      tags: ['Rows'],
      parameters: [header('Accept-Profile', 'Schema to describe; the first exposed one by default')],
      responses: {
        200: { description: 'OpenAPI 2.0 of what the caller may see', content: { 'application/openapi+json': { schema: { type: 'object' } } } },
        default: error,
      },
    },
  },
  '/rest/v1/rpc/{function}': {
    get: {
      operationId: 'readFunction',
      tags: ['Rows'],
      parameters: [routine, ...READ, ...FILTERS, PREFER, header('Accept-Profile', 'Schema of the function')],
      responses: { 200: value, 206: value, default: error },
    },
    post: {
      operationId: 'callFunction',
      tags: ['Rows'],
      parameters: [routine, ...READ, ...FILTERS, ...WRITE.filter((parameter) => (parameter as { name: string }).name !== 'If-Match')],
      requestBody: { content: { 'application/json': { schema: {} } } },
      responses: { 200: value, 204: { description: 'Done' }, 206: value, default: error },
    },
  },
  '/rest/v1/{table}': {
    get: {
      operationId: 'readRows',
      tags: ['Rows'],
      parameters: [table, ...READ, KEYSET, AS_OF, ...FILTERS, PREFER, header('Accept-Profile', 'Schema of the table')],
      responses: { 200: page, 206: page, default: error },
    },
    post: {
      operationId: 'insertRows',
      tags: ['Rows'],
      parameters: [table, query('select', 'Columns of the answer'), query('columns', 'Columns of the body that count'), ...WRITE],
      requestBody: body(),
      // Content that may be absent can't be said.
      responses: { 201: { description: 'Written; with return=representation the rows, as JSON' }, default: error },
    },
    put: {
      operationId: 'putRow',
      tags: ['Rows'],
      parameters: [
        table,
        query('select', 'Columns of the answer'),
        ...FILTERS,
        ...WRITE.filter((parameter) => (parameter as { name: string }).name !== 'If-Match'),
      ],
      requestBody: body(),
      responses: { 200: rows, 201: rows, 204: { description: 'Done' }, default: error },
    },
    patch: {
      operationId: 'updateRows',
      tags: ['Rows'],
      parameters: [table, query('select', 'Columns of the answer'), ...FILTERS, ...WRITE],
      requestBody: body(),
      responses: { 200: rows, 204: { description: 'Done' }, default: error },
    },
    delete: {
      operationId: 'deleteRows',
      tags: ['Rows'],
      parameters: [table, query('select', 'Columns of the answer'), ...FILTERS, ...WRITE],
      responses: { 200: rows, 204: { description: 'Done' }, default: error },
    },
  },
};

function body(): object {
  return { required: true, content: { 'application/json': { schema: { oneOf: [{ type: 'object' }, { type: 'array', items: { type: 'object' } }] } } } };
}
