import { createRequire } from 'node:module';
import { validationMetadatasToSchemas } from 'class-validator-jsonschema';

/** What `@Type` says of nested bodies; class-transformer declares no types for it. */
const { defaultMetadataStorage } = createRequire(import.meta.url)('class-transformer/cjs/storage.js') as { defaultMetadataStorage: never };

/** What validators of our own ask for (services/write/src/tables), as far as a schema can say it. */
const OUR_VALIDATORS: NonNullable<Parameters<typeof validationMetadatasToSchemas>[0]>['additionalConverters'] = {
  isName: { type: 'string', minLength: 1, maxLength: 63 },
  isTitle: { type: 'string', minLength: 1, maxLength: 80 },
  isScalar: { oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] },
  areTexts: { type: 'array', maxItems: 1_000, items: { type: 'string', maxLength: 4_000 } },
  areWidths: { type: 'object', additionalProperties: { type: 'number', minimum: 1, maximum: 10_000 } },
};

export interface ObjectSchema {
  properties?: Record<string, unknown>;
  required?: string[];
}

/** Each validated class as a schema: the rules are said once. */
export function validatedClasses(): Record<string, ObjectSchema> {
  const schemas = validationMetadatasToSchemas({
    refPointerPrefix: '#/components/schemas/',
    classTransformerMetadataStorage: defaultMetadataStorage,
    additionalConverters: OUR_VALIDATORS,
  });
  // A union is an Object to the compiler, which says nothing.
  return JSON.parse(JSON.stringify(schemas).replaceAll('{"$ref":"#/components/schemas/Object"}', '{}')) as Record<string, ObjectSchema>;
}

/** Request bodies of these names, with those that they are made of. */
export function bodies(names: readonly string[], validated: Readonly<Record<string, ObjectSchema>>): Record<string, unknown> {
  const named = new Set(names.filter((name) => name in validated));
  for (const name of named)
    for (const [, nested = ''] of JSON.stringify(validated[name]).matchAll(/#\/components\/schemas\/(\w+)/g)) if (nested in validated) named.add(nested);
  return Object.fromEntries([...named].map((name) => [name, { additionalProperties: false, ...withNulls(validated[name] ?? {}) }]));
}

/** What may be left out may be null: class-validator takes the two for the same. */
function withNulls({ properties = {}, required = [], ...schema }: ObjectSchema): object {
  const nullable = Object.entries(properties).map(([name, each]) => [name, required.includes(name) ? each : orNull(each as Record<string, unknown>)]);
  return { ...schema, properties: Object.fromEntries(nullable) as unknown, ...(required.length === 0 ? {} : { required }) };
}

function orNull(schema: Record<string, unknown>): unknown {
  if (Object.keys(schema).length === 0) return schema;
  const { oneOf } = schema;
  return Array.isArray(oneOf) ? { ...schema, oneOf: [...(oneOf as unknown[]), { type: 'null' }] } : { oneOf: [schema, { type: 'null' }] };
}
