import type { Relation } from '../catalogue/relation.ts';
import type { CompileOptions, ParsedRequest } from './compile-request.ts';
import { bodyParameters, takesScalars } from './compile/insert.ts';
import { hasRowVersion } from './compile/key.ts';
import type { Statement } from './compile/statement.ts';
import type { RowRequest } from './row-request.ts';

const MOST_PER_RELATION = 200;
const LONGEST = 2_000;

/**
 * Inserts by shape. What an insert's SQL depends on is the relation (as one catalogue has it), the query string, the headers that shape the
 * answer, and the body's columns and form; its first parameters are the body's. Other statements carry values in their query string and are compiled anew.
 */
export class StatementCache {
  readonly #byRelation = new WeakMap<Relation, Map<string, Statement>>();

  /** The statement of that shape with this request's body, or what `compile` makes of it. */
  insert(request: RowRequest, parsed: ParsedRequest, relation: Relation, { versioned }: CompileOptions, compile: () => Statement): Statement {
    const { prefer, accept } = request.headers;
    const { body } = parsed;
    if (!body || body.columns.length === 0 || !readsValues(parsed, relation)) return compile();
    const form = takesScalars(relation, body) ? 'scalars' : body.form;
    const shape = JSON.stringify([request.queryString, prefer, accept, body.columns, form, parsed.idempotencyKey !== undefined, versioned]);
    if (shape.length > LONGEST) return compile();
    const known = this.#byRelation.get(relation)?.get(shape);
    const values = bodyParameters(relation, body);
    if (known) return { text: known.text, parameters: [...values, ...known.parameters] };
    const statement = compile();
    this.#keep(relation, shape, { ...statement, parameters: statement.parameters.slice(values.length) });
    return statement;
  }

  /** Without the body's parameters. */
  #keep(relation: Relation, shape: string, statement: Statement): void {
    const statements = this.#byRelation.get(relation) ?? new Map<string, Statement>();
    this.#byRelation.set(relation, statements);
    if (statements.size >= MOST_PER_RELATION) statements.clear();
    statements.set(shape, statement);
  }
}

/** Whether the body's values are the statement's first parameters as `bodyParameters` has them: what is counted or defaulted is read from JSON instead. */
function readsValues({ prefer }: ParsedRequest, relation: Relation): boolean {
  return prefer.missing !== 'default' && (prefer.resolution !== 'merge-duplicates' || hasRowVersion(relation));
}
