import type { Column, Relation } from '../../catalogue/relation.ts';
import type { KeyRelationship, Relationship } from '../../catalogue/relationship.ts';
import { swaggerDefault, swaggerType } from './swagger-types.ts';

export type Json = Record<string, unknown>;

/** The schema of a table's rows. */
export function tableDefinition(relation: Relation, relationships: readonly Relationship[]): Json {
  const columns = [...relation.columns.values()];
  const required = columns.filter(({ nullable }) => !nullable).map(({ name }) => name);
  return {
    ...(relation.description === undefined ? {} : { description: relation.description }),
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(columns.map((column) => [column.name, property(relation, column, relationships)])),
    type: 'object',
  };
}

function property({ primaryKey }: Relation, column: Column, relationships: readonly Relationship[]): Json {
  const notes = [...(primaryKey.includes(column.name) ? ['This is a Primary Key.<pk/>'] : []), ...foreignKeyNotes(column, relationships)];
  const note = notes.length === 0 ? undefined : ['Note:', ...notes].join('\n');
  const description = [column.description, note].filter((text) => text !== undefined).join('\n\n');
  const value = column.defaultSql === undefined ? undefined : swaggerDefault(column.display, column.defaultSql);
  return {
    ...(value === undefined ? {} : { default: value }),
    ...(description === '' ? {} : { description }),
    ...(column.labels ? { enum: column.labels } : {}),
    ...swaggerType(column.display),
    ...(column.maxLength === undefined ? {} : { maxLength: column.maxLength }),
  };
}

/** The table that a key of this column alone refers to, rather than a view of it. */
function foreignKeyNotes({ name }: Column, relationships: readonly Relationship[]): string[] {
  const keys = relationships.filter(
    (one): one is KeyRelationship => (one.kind === 'many-to-one' || one.kind === 'one-to-one') && one.columns.length === 1 && one.columns[0]?.[0] === name,
  );
  const key = keys.toSorted((a, b) => Number(a.toView) - Number(b.toView))[0];
  if (!key) return [];
  const column = key.columns[0]?.[1];
  return [`This is a Foreign Key to \`${key.to.name}.${column}\`.<fk table='${key.to.name}' column='${column}'/>`];
}

/** What may be done with a table. */
export function tablePath(relation: Relation): Json {
  const { name, columns, writes } = relation;
  const operation = { tags: [name], ...summaryOf(relation.description) };
  const filters = [...columns.keys()].map((column) => `rowFilter.${name}.${column}`);
  const refs = (names: readonly string[]): Json[] => names.map((parameter) => ({ $ref: `#/parameters/${parameter}` }));
  const get = {
    ...operation,
    parameters: refs([...filters, 'select', 'order', 'range', 'rangeUnit', 'offset', 'limit', 'preferCount']),
    responses: {
      200: { description: 'OK', schema: { type: 'array', items: { $ref: `#/definitions/${name}` } } },
      206: { description: 'Partial Content' },
    },
  };
  if (!writes.insert && !writes.update && !writes.delete) return { get };
  return {
    get,
    post: { ...operation, parameters: refs([`body.${name}`, 'select', 'preferPost']), responses: { 201: { description: 'Created' } } },
    patch: { ...operation, parameters: refs([...filters, `body.${name}`, 'preferReturn']), responses: { 204: { description: 'No Content' } } },
    delete: { ...operation, parameters: refs([...filters, 'preferReturn']), responses: { 204: { description: 'No Content' } } },
  };
}

/** A comment's first line, and what follows it. */
export function summaryOf(comment: string | undefined): { summary?: string; description?: string } {
  if (comment === undefined) return {};
  const [summary = '', ...rest] = comment.split('\n');
  const description = rest.join('\n').replace(/^\n+/, '');
  return { summary, ...(description === '' ? {} : { description }) };
}

/** The parameters that `tablePath` refers to. */
export function tableParameters({ name, columns }: Relation): [string, Json][] {
  const body: Json = { name, description: name, required: false, in: 'body', schema: { $ref: `#/definitions/${name}` } };
  const filters = [...columns.values()].map((column): [string, Json] => [
    `rowFilter.${name}.${column.name}`,
    { name: column.name, ...(column.description === undefined ? {} : { description: column.description }), required: false, in: 'query', type: 'string' },
  ]);
  return [[`body.${name}`, body], ...filters];
}
