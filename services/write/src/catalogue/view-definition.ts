/** Where a column of a view comes from: the relation's object id and the column's number, both 0 for what is computed. */
export interface TargetEntry {
  position: number;
  relation: number;
  column: number;
}

/**
 * The target list of a view's query, out of `pg_rewrite.ev_action` (a `pg_node_tree`, printed by outfuncs.c): nodes are `{LABEL :field value …}`, lists
 * `(item …)`, and a backslash escapes the character after it. Of each entry only its own last fields matter, so the expression before them is skipped
 * by its brackets.
 */
export function targetEntries(action: string): TargetEntry[] {
  const query = action.indexOf('{QUERY ');
  const list = query === -1 ? -1 : fieldAt(action, query, 'targetList');
  if (list === -1 || action[list] !== '(') return [];
  const entries: TargetEntry[] = [];
  let at = list + 1;
  while (at < action.length && action[at] !== ')') {
    if (action[at] === '{') entries.push(entryOf(action, at));
    at = Math.max(at, closing(action, at)) + 1;
    while (action[at] === ' ') at += 1;
  }
  return entries.filter(({ position }) => position > 0);
}

function entryOf(text: string, node: number): TargetEntry {
  const number = (field: string): number => {
    const at = fieldAt(text, node, field);
    return at === -1 ? 0 : Number(/^-?\d+/.exec(text.slice(at, at + 12))?.[0] ?? 0);
  };
  return { position: number('resno'), relation: number('resorigtbl'), column: number('resorigcol') };
}

/** Where the value of a node's own field begins; -1 when it has none. `node` is the place of its brace. */
function fieldAt(text: string, node: number, field: string): number {
  const name = `:${field} `;
  for (let at = node + 1; at < text.length; at += 1) {
    const character = text[at];
    if (character === '\\') at += 1;
    else if (character === '{' || character === '(') at = closing(text, at);
    else if (character === '}') return -1;
    else if (character === ':' && text.startsWith(name, at)) return at + name.length;
  }
  return -1;
}

/** The place of the bracket that closes the one at `start`; of an atom, its last character. */
function closing(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (character === '\\') at += 1;
    else if (character === '{' || character === '(') depth += 1;
    else if (character === '}' || character === ')') {
      depth -= 1;
      if (depth <= 0) return depth < 0 ? at - 1 : at;
    } else if (depth === 0 && character === ' ') return at - 1;
  }
  return text.length;
}
