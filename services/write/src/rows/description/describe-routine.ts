import type { Parameter, Routine } from '../../catalogue/routine.ts';
import { type Json, summaryOf } from './describe-table.ts';
import { swaggerType } from './swagger-types.ts';

const PRODUCED = ['application/json', 'application/vnd.pgrst.object+json;nulls=stripped', 'application/vnd.pgrst.object+json'];

/** How a function is called. */
export function routinePath(routine: Routine): Json {
  const operation = {
    tags: [`(rpc) ${routine.name}`],
    ...summaryOf(routine.description),
    produces: PRODUCED,
    responses: { 200: { description: 'OK' } },
  };
  const post = {
    ...operation,
    parameters: [{ required: true, name: 'args', in: 'body', schema: argumentsSchema(routine) }, { $ref: '#/parameters/preferParams' }],
  };
  return routine.volatility === 'volatile'
    ? { post }
    : { get: { ...operation, parameters: routine.parameters.map((parameter) => queryParameter(nearby(routine, parameter))) }, post };
}

/** Types of the function's own schema go by their bare names. */
function nearby({ schema }: Routine, parameter: Parameter): Parameter {
  const { display } = parameter;
  return display.startsWith(`${schema}.`) ? { ...parameter, display: display.slice(schema.length + 1) } : parameter;
}

function argumentsSchema(routine: Routine): Json {
  const { parameters, description } = routine;
  const required = parameters.filter((parameter) => parameter.required).map(({ name }) => name);
  return {
    ...(description === undefined ? {} : { description }),
    ...(required.length === 0 ? {} : { required }),
    type: 'object',
    properties: Object.fromEntries(parameters.map((parameter) => [parameter.name, swaggerType(nearby(routine, parameter).display)])),
  };
}

/** An array is written `{…}` in a query, and so a string; a variadic parameter is repeated. */
function queryParameter({ name, display, required, variadic }: Parameter): Json {
  const { type, format } = swaggerType(display);
  if (variadic) {
    const item = swaggerType(display.replace(/\[\]$/, ''));
    return {
      name,
      required,
      in: 'query',
      type: type ?? 'string',
      collectionFormat: 'multi',
      items: { ...(item.type === undefined ? {} : { type: item.type }), format: item.format },
    };
  }
  return { name, required, in: 'query', type: type === undefined || type === 'array' ? 'string' : type, format };
}
