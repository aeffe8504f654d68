import { compareText, poison, quoted } from './poison.ts';

/** One node of a tree of products or regions. */
export interface TreeNode {
  name: string;
  parent: TreeNode | null;
  root: TreeNode;
  /** 0 at a root. */
  depth: number;
  /** Its place among all names, ordered: stands for the name where speed counts. */
  index: number;
  /** A leaf's place among its root's leaves. */
  leafAt: number;
  /** The leaves at or under it, ordered by name. */
  leaves: readonly TreeNode[];
  isLeaf: boolean;
}

export type Hierarchy = ReadonlyMap<string, TreeNode>;

/** What keeps names apart where they are joined into one text, as in a scope. */
export const SEPARATOR = '|';

interface Building extends TreeNode {
  parent: Building | null;
  leaves: TreeNode[];
}

/** Builds the forest; refuses a missing parent, a cycle, a name twice and a name with `|`, naming the row. */
export function buildHierarchy(table: 'products' | 'regions', rows: readonly { name: string; parent: string | null }[]): Hierarchy {
  const parents = new Map<string, string | null>();
  for (const { name, parent } of rows) {
    if (name.includes(SEPARATOR)) throw poison(table, quoted(name), 'name', `holds ${SEPARATOR}, which separates names in a scope`);
    if (parents.has(name)) throw poison(table, quoted(name), 'name', 'is there twice');
    parents.set(name, parent);
  }
  const nodes = new Map<string, Building>();
  const names = [...parents.keys()].sort(compareText);
  for (const name of names) place(table, name, parents, nodes);
  const inner = new Set([...nodes.values()].map(({ parent }) => parent));
  for (const [index, name] of names.entries()) {
    const node = nodes.get(name) as Building;
    node.index = index;
    node.isLeaf = !inner.has(node);
    node.leafAt = node.root.leaves.length;
    if (node.isLeaf) for (let above: Building | null = node; above; above = above.parent) above.leaves.push(node);
  }
  return nodes;
}

/** Places a node after its ancestors, without recursion: a chain of any depth is data, not a stack overflow. */
function place(table: string, name: string, parents: ReadonlyMap<string, string | null>, nodes: Map<string, Building>): void {
  const chain: string[] = [];
  const seen = new Set<string>();
  let at: string | null = name;
  while (at !== null && !nodes.has(at)) {
    if (seen.has(at)) throw poison(table, quoted(at), 'parent', 'leads back to the row itself: the hierarchy has a cycle');
    seen.add(at);
    chain.push(at);
    const above: string | null | undefined = parents.get(at);
    if (above === undefined) throw poison(table, quoted(chain.at(-2) ?? at), 'parent', `${quoted(at)} is unknown`);
    at = above;
  }
  for (const below of chain.reverse()) {
    const above = parents.get(below) ?? null;
    const parent = above === null ? null : (nodes.get(above) as Building);
    const node = { name: below, parent, depth: parent ? parent.depth + 1 : 0, leaves: [], leafAt: 0, index: 0, isLeaf: true } as unknown as Building;
    node.root = parent ? parent.root : node;
    nodes.set(below, node);
  }
}

/** Whether `node` is `above` or lies under it. */
export function isUnder(node: TreeNode, above: TreeNode): boolean {
  let at: TreeNode | null = node;
  while (at !== null && at.depth > above.depth) at = at.parent;
  return at === above;
}

/** What a root's tree looks like, as a short text: two trees with the same have, in all likelihood, the same nodes in the same places. */
export function fingerprint(nodes: Hierarchy, root: TreeNode): string {
  const kept = fingerprints.get(root);
  if (kept !== undefined) return kept;
  let [high, low] = [0x811c9dc5, 0x1000193];
  for (const { name, parent } of nodes.values()) {
    if (nodes.get(name)?.root !== root) continue;
    for (const letter of `${name}|${parent?.name ?? ''};`) {
      const code = letter.codePointAt(0) ?? 0;
      high = Math.imul(high ^ code, 0x01000193);
      low = Math.imul(low ^ code, 0x85ebca6b);
    }
  }
  const made = [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  fingerprints.set(root, made);
  return made;
}

/** A tree never changes once it is built. */
const fingerprints = new WeakMap<TreeNode, string>();
