import { Failure } from './failure.ts';
import type { FailureKind } from './failure-kind.ts';

/** Node's system error codes: a peer that can't be reached, or a full disk. */
const BY_SYSTEM_CODE: Readonly<Record<string, FailureKind>> = {
  ECONNREFUSED: 'dependency-unavailable',
  ECONNRESET: 'dependency-unavailable',
  EPIPE: 'dependency-unavailable',
  ENOTFOUND: 'dependency-unavailable',
  EAI_AGAIN: 'dependency-unavailable',
  EHOSTUNREACH: 'dependency-unavailable',
  ENETUNREACH: 'dependency-unavailable',
  ENOENT: 'dependency-unavailable',
  ETIMEDOUT: 'timeout',
  ENOSPC: 'storage-full',
  EDQUOT: 'storage-full',
};

/** PostgreSQL SQLSTATEs, by full code first, then by class (PostgreSQL manual, appendix A). */
const BY_SQLSTATE: Readonly<Record<string, FailureKind>> = {
  '40001': 'conflict',
  '40P01': 'conflict',
  '55P03': 'conflict',
  '57014': 'timeout',
  '53100': 'storage-full',
  '42501': 'forbidden',
  '28000': 'misconfigured',
  '28P01': 'misconfigured',
  '3D000': 'misconfigured',
  '08': 'dependency-unavailable',
  '57': 'dependency-unavailable',
  '53': 'overloaded',
  '22': 'invalid-input',
  '23': 'invalid-input',
};

/** Turns whatever was thrown into a `Failure`; a `Failure` passes through. Unknown things are a `bug`. */
export function classify(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  const kind = code === undefined ? undefined : (BY_SYSTEM_CODE[code] ?? BY_SQLSTATE[code] ?? sqlClass(code));
  return new Failure(kind ?? connectionLoss(message) ?? 'bug', message, { cause: error, ...(code ? { detail: { code } } : {}) });
}

function sqlClass(code: string): FailureKind | undefined {
  return /^[0-9A-Z]{5}$/.test(code) ? BY_SQLSTATE[code.slice(0, 2)] : undefined;
}

/** `pg` reports a connection that went away without a code. */
function connectionLoss(message: string): FailureKind | undefined {
  if (/^Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(message)) return 'dependency-unavailable';
  return undefined;
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return error.errors.map(codeOf).find((code) => code !== undefined);
  return 'cause' in error ? codeOf(error.cause) : undefined;
}
