import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Principal } from '#libs/governance/principal';
import type { WriteContext } from '#libs/governance/write-context';
import { contextOf } from './rows/write-context.ts';

/** Who asks, and why: below `/v1`, behind `PrincipalGuard`. */
export interface Asking {
  principal: Principal;
  context: WriteContext;
}

/** Tells who calls, from the Authorization header, where no guard stands in front; throws what the row API answers a bad token with. */
export type Identify = (authorization: string | undefined) => Promise<{ principal: Principal }>;

interface GuardedRequest {
  headers: Record<string, string | undefined>;
  principal: Principal;
}

/** The caller and the context of what the request may write. */
export const Asks = createParamDecorator((_data: unknown, context: ExecutionContext): Asking => {
  const { headers, principal } = context.switchToHttp().getRequest<GuardedRequest>();
  return { principal, context: contextOf(headers, principal) };
});
