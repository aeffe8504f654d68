import type { Principal } from '#libs/governance/principal';
import type { WriteContext } from '#libs/governance/write-context';

/** Who asks, and for what reason. */
export interface Caller {
  principal: Principal;
  /** No token was sent. */
  anonymous: boolean;
  context: WriteContext;
}
