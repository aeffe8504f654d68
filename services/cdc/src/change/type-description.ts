/** A type as `pg_type` describes it. */
export interface TypeDescription {
  oid: number;
  /** Input function: the one thing that names an extension's type whatever it or its schema is called. */
  input: string;
  /** A domain's base, else 0. */
  baseOid: number;
  /** Modifier that a domain gives its base, else -1. */
  baseModifier: number;
  /** Element of a true array, else 0. */
  elementOid: number;
  /** What separates the elements of an array of this type. */
  delimiter: string;
}
export type TypeLookup = (oid: number) => TypeDescription | undefined;
