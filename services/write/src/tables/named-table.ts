import { ProblemException } from '#libs/runtime/http/problem';

export interface NamedTable {
  schema: string;
  name: string;
}

/** A table by its name in a request: of the first exposed schema where none is named; 404 for a schema that is not exposed. */
export function namedTable(schemas: readonly string[], name: string, { schema }: { schema?: string | undefined }): NamedTable {
  const home = schema ?? schemas[0] ?? '';
  if (schemas.includes(home)) return { schema: home, name };
  throw new ProblemException(404, 'unknown-schema', `the schema ${home} is not exposed`, { schemas });
}
