import { z } from 'zod';
import { Failure } from '#libs/failure/failure';

/** The environment a process was given. Read once, at the edge: nothing below `main.ts` touches `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Parses settings once and freezes them. `schema`'s keys are the settings' names; each carries a `.describe()`.
 * Empty strings count as unset. Throws a `misconfigured` Failure that names every wrong key and what is expected, never a value.
 */
export function loadConfig<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, environment: Environment): Readonly<z.infer<z.ZodObject<Shape>>> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(given, { reportInput: false });
  if (result.success) return Object.freeze(result.data);
  const problems = result.error.issues.map((issue) => `${issue.path.join('.') || 'settings'}: ${explain(issue)}`);
  throw new Failure('misconfigured', `wrong settings: ${problems.join('; ')}`, { detail: { keys: result.error.issues.map((issue) => issue.path.join('.')) } });
}

/** Zod's own message may repeat what it was given (enum, literal, regex on secrets): say what is expected instead. */
function explain(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `is required and must be a ${issue.expected}`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'invalid_format') return `must be a valid ${issue.format}`;
  if (issue.code === 'too_small') return `must be at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}`;
  return issue.code === 'custom' ? issue.message : 'is not valid';
}

/** A TCP port given as text; 0 lets the system choose. */
export const port = z.coerce.number().int().min(0).max(65535);
/** `1`, `true`, `on`, `yes` and their opposites. */
export const flag = z.stringbool({ truthy: ['1', 'true', 'on', 'yes'], falsy: ['0', 'false', 'off', 'no'] });
/** Comma-separated text to a list; blanks around items are dropped. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
/** A Postgres URL. */
export const postgresUrl = z.string().refine((text) => /^postgres(ql)?:\/\//.test(text), { error: 'must be a postgres:// URL' });
