import type { Catalogue } from '../../catalogue/catalogue.ts';
import { nearestName } from '../../catalogue/nearest-name.ts';
import type { Routine } from '../../catalogue/routine.ts';
import { ApiError } from '../api-error.ts';

/** What a call names. */
export interface CallTarget {
  schema: string;
  name: string;
  /** Names of the arguments. */
  names: readonly string[];
  /** Media type of the body of a POST; undefined for a call without a body. */
  bodyType: string | undefined;
}

/** Types of an unnamed parameter that takes the body whole, by the body's media type. */
const WHOLE: Readonly<Record<string, readonly string[]>> = {
  'application/json': ['json', 'jsonb'],
  'text/plain': ['text'],
  'text/xml': ['xml'],
  'application/octet-stream': ['bytea'],
};

/** Whether a body of this type is one value for a function's only parameter. */
export function isWholeBody(type: string | undefined): boolean {
  return type !== undefined && type !== 'application/json' && Object.hasOwn(WHOLE, type);
}

/** The overload whose parameters the arguments fit, or else one that takes the body whole: 404 PGRST202, 300 PGRST203. */
export function matchRoutine(catalogue: Catalogue, target: CallTarget): Routine {
  const overloads = catalogue.routines.get(target.schema)?.get(target.name) ?? [];
  const byName = overloads.filter((routine) => takesNames(routine, target));
  const found = byName.length > 0 ? byName : overloads.filter((routine) => takesWhole(routine, target));
  if (found.length > 1) throw ambiguous(found);
  const [routine] = found;
  if (!routine) throw unknownRoutine(catalogue, target, overloads);
  return routine;
}

/** All required parameters are there, and nothing else but optional ones. */
function takesNames({ parameters }: Routine, { names, bodyType }: CallTarget): boolean {
  if (parameters.length === 0) return names.length === 0 && !isWholeBody(bodyType);
  if (parameters.some(({ name, required }) => name === '' && required)) return false;
  return (
    parameters.every(({ name, required }) => !required || names.includes(name)) &&
    names.every((name) => parameters.some((parameter) => parameter.name === name))
  );
}

export function takesWhole({ parameters: [parameter, ...others] }: Routine, { bodyType }: Pick<CallTarget, 'bodyType'>): boolean {
  if (!parameter || others.length > 0 || parameter.name !== '' || bodyType === undefined) return false;
  return Object.hasOwn(WHOLE, bodyType) && (WHOLE[bodyType]?.includes(parameter.display) ?? false);
}

function ambiguous(found: readonly Routine[]): ApiError {
  const shown = found.map(
    ({ schema, name, parameters }) => `${schema}.${name}(${parameters.map((parameter) => `${parameter.name} => ${parameter.display}`).join(', ')})`,
  );
  return new ApiError(300, 'PGRST203', `Could not choose the best candidate function between: ${shown.join(', ')}`, {
    hint: 'Try renaming the parameters or the function itself in the database so function overloading can be resolved',
  });
}

function unknownRoutine(catalogue: Catalogue, target: CallTarget, overloads: readonly Routine[]): ApiError {
  const { schema, name, bodyType } = target;
  const names = target.names.toSorted();
  const whole = isWholeBody(bodyType);
  const inMessage = names.length === 0 ? ' without parameters' : `(${names.join(', ')})`;
  const inDetails = names.length === 0 ? ' without parameters' : ` with parameter${names.length > 1 ? 's' : ''} ${names.join(', ')}`;
  const wholly = whole ? ` with a single unnamed ${WHOLE[bodyType ?? '']?.[0]} parameter` : inDetails;
  const either = bodyType === 'application/json' ? ' or with a single unnamed json/jsonb parameter' : '';
  return new ApiError(404, 'PGRST202', `Could not find the function ${schema}.${name}${whole ? '' : inMessage} in the schema cache`, {
    details: `Searched for the function ${schema}.${name}${wholly}${either}, but no matches were found in the schema cache.`,
    hint: whole ? null : hintFor(catalogue, { ...target, names }, overloads),
  });
}

/** The nearest list of parameters of a function by that name, or the nearest function. */
function hintFor(catalogue: Catalogue, { schema, name, names }: CallTarget, overloads: readonly Routine[]): string | null {
  const listed = (list: readonly string[]): string => `(${list.join(', ')})`;
  const near =
    overloads.length === 0
      ? nearestName([...(catalogue.routines.get(schema)?.keys() ?? [])], name, 0.75)
      : nearestName(
          overloads.map(({ parameters }) => listed(parameters.map((parameter) => parameter.name).toSorted())),
          listed(names),
        );
  if (near === undefined) return null;
  return `Perhaps you meant to call the function ${schema}.${overloads.length === 0 ? near : `${name}${near}`}`;
}
