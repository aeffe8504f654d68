/** Topic of a table: `<prefix>.<schema>.<table>`, one `_` for each character that Kafka does not allow (envelope.md). */
export function topicName(prefix: string, schema: string, table: string): string {
  return `${prefix}.${schema}.${table}`.replace(/[^A-Za-z0-9._-]/gu, '_');
}
