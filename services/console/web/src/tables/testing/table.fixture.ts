import type { TableDescription } from '#contracts/http/tables';

/** A table with a column of each sort that the rooms tell apart. */
export const TABLE: TableDescription = {
  schema: 'workspace',
  name: 'orders',
  label: null,
  description: null,
  key: ['id'],
  columns: [
    { name: 'id', type: 'integer', sqlType: 'bigint', system: true },
    { name: 'number', type: 'text', required: true, label: 'Order No.', sqlType: 'text', system: false },
    { name: 'amount', type: 'decimal', precision: 12, scale: 2, min: 0, label: 'Amount due', sqlType: 'numeric(12,2)', system: false },
    { name: 'status', type: 'choice', options: ['open', 'paid'], required: true, default: 'open', sqlType: 'text', system: false },
    { name: 'note', type: 'text', sqlType: 'text', system: false },
    { name: 'updated_at', type: 'timestamp', required: true, sqlType: 'timestamp with time zone', system: true },
  ],
  adopted: true,
  history: { keep: null },
  archived: false,
  rows: null,
  version: '1',
  may: { select: true, insert: true, update: true, delete: true, edit: true },
};
