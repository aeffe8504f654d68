/** `GET /v1/flows`: the flows that the caller's role may read, as a console needs to know them. */
export interface Flows {
  flows: FlowDescription[];
}

/** A flow over exceptions, described: tables, words and roles; a console's pages are generic over it. */
export interface FlowDescription {
  name: string;
  title: string;
  /** Postgres schema of the subject table and of `flags`, `recommendations`, `dispositions`. */
  schema: string;
  subject: {
    table: string;
    key: { column: string; type: string };
    /** Column of `flags` that refers to the subject's key. */
    reference: string;
    /** Columns that the caller may read, in order. `type` as DDL spells it. */
    columns: { name: string; type: string; title?: string }[];
    /** Columns that a person names in a correction. */
    correctable: string[];
    /** Columns of a short description, for lists. */
    summary: string[];
  };
  labels: { class: string; title: string }[];
  /** Postgres roles by what they may do. */
  roles: { flag: string[]; approve: string[]; read: string[]; work: string[]; administer: string[] };
  /** State of a case → action → outcome: `move` to that state, `open` a new case (this one stays), or `refuse` with 409. */
  machine: Readonly<Record<string, Readonly<Record<string, { kind: 'move'; to: string } | { kind: 'open' } | { kind: 'refuse' }>>>>;
}
