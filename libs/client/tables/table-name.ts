/** Which table: what a `TableDescription` says of itself, too. */
export interface TableName {
  /** Default: the first schema that the service exposes. */
  schema?: string;
  name: string;
}

/** `/v1/tables/<name>` and what is below it. */
export function tablePath({ name }: TableName, ...rest: readonly string[]): string {
  return ['/v1/tables', name, ...rest].map((part, index) => (index === 0 ? part : encodeURIComponent(part))).join('/');
}
