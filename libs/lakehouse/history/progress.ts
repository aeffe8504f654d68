/** The application transaction by which a history table tells how far it has a partition of its topic: the offset after the last one. */
export function historyProgress(topic: string, partition: number): string {
  return `lakeloop:${topic}/${partition}`;
}

/** The same of a base table, for changes that are merged. */
export function baseProgress(partition: number): string {
  return `lakeloop:merge/${partition}`;
}
