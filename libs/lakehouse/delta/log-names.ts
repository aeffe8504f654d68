/** Names in `_delta_log` (Delta protocol, "File Types"). */
export function commitName(version: bigint): string {
  return `${version.toString().padStart(20, '0')}.json`;
}

/** Versions of the commits among the names, oldest first. */
export function commitVersions(names: readonly string[]): bigint[] {
  return names
    .filter((name) => /^\d{20}\.json$/.test(name))
    .map((name) => BigInt(name.slice(0, 20)))
    .toSorted(ascending);
}

export interface CheckpointFiles {
  version: bigint;
  names: string[];
}

/** Whole classic checkpoints, of one part or several, newest first. One named by a UUID belongs to a table feature that such a table's protocol names. */
export function checkpoints(names: readonly string[]): CheckpointFiles[] {
  const found = new Map<string, { version: bigint; names: string[]; parts: number }>();
  for (const name of names) {
    const match = /^(\d{20})\.checkpoint(?:\.\d{10}\.(\d{10}))?\.parquet$/.exec(name);
    if (!match) continue;
    // A version may have checkpoints of several writers, each with its own number of parts.
    const key = `${match[1]}.${match[2] ?? ''}`;
    const entry = found.get(key) ?? { version: BigInt(match[1] as string), names: [], parts: match[2] === undefined ? 1 : Number(match[2]) };
    entry.names.push(name);
    found.set(key, entry);
  }
  return [...found.values()].filter((entry) => entry.names.length === entry.parts).toSorted((left, right) => ascending(right.version, left.version));
}

export function hasV2Checkpoint(names: readonly string[]): boolean {
  return names.some((name) => /^\d{20}\.checkpoint\.[0-9a-f-]{36}\.(json|parquet)$/.test(name));
}

export function ascending(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
