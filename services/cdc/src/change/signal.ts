import { z } from 'zod';
import { VALUE, type Tuple } from '#libs/pgoutput/tuple';
import type { Relation } from './relation.ts';

/** A row of the signal table, as it was inserted. */
export interface SignalRow {
  id: string;
  type: string;
  /** JSON text, or null. */
  data: string | null;
}

const collections = z.array(z.string().min(3)).optional();
const execute = z.object({
  'data-collections': z.array(z.string().min(3)).min(1),
  type: z.string().optional(),
  'additional-conditions': z.array(z.object({ 'data-collection': z.string(), filter: z.string().min(1) })).optional(),
});
const narrow = z.object({ 'data-collections': collections, type: z.string().optional() });

/** What is asked for. `tables`: `schema.table` patterns with `*`. */
export type Signal =
  | { kind: 'execute'; id: string; tables: string[]; conditions: { table: string; filter: string }[] }
  /** Of all tables when none is named. */
  | { kind: 'stop' | 'pause' | 'resume'; id: string; tables: string[] }
  | { kind: 'log'; id: string; message: string }
  | { kind: 'unknown'; id: string; reason: string };

const CHANGES = { 'stop-snapshot': 'stop', 'pause-snapshot': 'pause', 'resume-snapshot': 'resume' } as const;

/** Debezium's signals. What can't be understood is said, never guessed. */
export function parseSignal({ id, type, data }: SignalRow): Signal {
  try {
    const content: unknown = data === null || data === '' ? {} : JSON.parse(data);
    if (type === 'execute-snapshot') {
      const { 'data-collections': tables, type: how, 'additional-conditions': given } = execute.parse(content);
      if (how !== undefined && !/^incremental$/i.test(how))
        return { kind: 'unknown', id, reason: `snapshots of type ${how} are not taken, incremental ones are` };
      return { kind: 'execute', id, tables, conditions: (given ?? []).map(({ 'data-collection': table, filter }) => ({ table, filter })) };
    }
    if (Object.hasOwn(CHANGES, type)) return { kind: CHANGES[type as keyof typeof CHANGES], id, tables: narrow.parse(content)['data-collections'] ?? [] };
    if (type === 'log') return { kind: 'log', id, message: z.object({ message: z.string() }).parse(content).message };
    return { kind: 'unknown', id, reason: `there is no signal of type ${JSON.stringify(type)}` };
  } catch (error) {
    return { kind: 'unknown', id, reason: error instanceof z.ZodError ? (error.issues[0]?.message ?? 'malformed') : 'data is no JSON' };
  }
}

/** The signal that an insert into the signal table is; null where the table is not of its shape: `id`, `type`, `data`. */
export function signalRow(relation: Relation, tuple: Tuple): SignalRow | null {
  const text = (name: string): string | null | undefined => {
    const index = relation.columns.findIndex(({ label }) => label === `${JSON.stringify(name)}:`);
    if (index < 0) return undefined;
    return tuple.kindAt(index) === VALUE.text ? tuple.bytes.toString('utf8', tuple.startAt(index), tuple.endAt(index)) : null;
  };
  const [id, type, data] = [text('id'), text('type'), text('data')];
  return typeof id === 'string' && typeof type === 'string' && data !== undefined ? { id, type, data } : null;
}
