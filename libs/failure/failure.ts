import type { FailureKind } from './failure-kind.ts';

/**
 * An error that has been classified. Everything that crosses a layer is one of these; `cause` keeps the original.
 * `detail` is for machines and logs: it never holds a secret or a row's values.
 */
export class Failure extends Error {
  readonly kind: FailureKind;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(kind: FailureKind, message: string, options: { cause?: unknown; detail?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.kind = kind;
    this.detail = Object.freeze({ ...options.detail });
  }
}
