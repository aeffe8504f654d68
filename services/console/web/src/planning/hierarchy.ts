/** A node of a tree as its table holds it. */
export interface Node {
  id: string;
  parent: string | undefined;
  name: string;
}

/** Products or regions as a tree: depth first, siblings by name; a parent that isn't there (hidden, or not yet) makes its child a root. */
export class Hierarchy {
  /** Depth first. */
  readonly nodes: readonly Node[];
  readonly #byId: ReadonlyMap<string, Node>;
  readonly #children = new Map<string | undefined, Node[]>();
  readonly #order: ReadonlyMap<string, number>;
  readonly #depth = new Map<string, number>();

  constructor(nodes: readonly Node[]) {
    this.#byId = new Map(nodes.map((node) => [node.id, node]));
    for (const node of nodes.toSorted((a, b) => a.name.localeCompare(b.name))) {
      const parent = node.parent !== undefined && this.#byId.has(node.parent) && node.parent !== node.id ? node.parent : undefined;
      this.#children.set(parent, [...(this.#children.get(parent) ?? []), node]);
    }
    const ordered: Node[] = [];
    const walk = (parent: string | undefined, depth: number): void => {
      for (const node of this.#children.get(parent) ?? []) {
        if (this.#depth.has(node.id)) continue;
        this.#depth.set(node.id, depth);
        ordered.push(node);
        walk(node.id, depth + 1);
      }
    };
    walk(undefined, 0);
    this.nodes = ordered;
    this.#order = new Map(ordered.map((node, index) => [node.id, index]));
  }

  get roots(): readonly Node[] {
    return this.children(undefined);
  }

  children(id: string | undefined): readonly Node[] {
    return this.#children.get(id) ?? [];
  }

  isLeaf(id: string): boolean {
    return this.children(id).length === 0;
  }

  /** 0 for a root. */
  depth(id: string): number {
    return this.#depth.get(id) ?? 0;
  }

  /** What is unknown is shown by its id. */
  name(id: string): string {
    return this.#byId.get(id)?.name ?? id;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  order(id: string): number {
    return this.#order.get(id) ?? Number.MAX_SAFE_INTEGER;
  }

  /** From the root down to the node itself. */
  path(id: string): string[] {
    const path: string[] = [];
    for (let at: string | undefined = id; at !== undefined && !path.includes(at); at = this.#byId.get(at)?.parent) path.unshift(at);
    return path;
  }

  /** Leaves at or below the node. */
  leaves(id: string): string[] {
    const children = this.children(id);
    return children.length === 0 ? [id] : children.flatMap((child) => this.leaves(child.id));
  }
}
