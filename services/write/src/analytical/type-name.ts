import { ApiError } from '../rows/api-error.ts';

/** The unqualified name of the type that a cast names, by PostgreSQL's catalogue: `int` is `int4`. */
export function typeNameIn(types: ReadonlyMap<string, string>): (cast: string) => string {
  return (cast) => {
    const type = types.get(cast.toLowerCase().replaceAll('"', '').trim());
    if (type === undefined) throw new ApiError(400, '42704', `type "${cast}" does not exist`);
    return type.startsWith('pg_catalog.') ? type.slice('pg_catalog.'.length).replaceAll('"', '') : type;
  };
}
