import { createContext, useContext } from 'react';
import type { FlowDescription } from '#contracts/http/flows';
import type { SessionUser } from './session.ts';

export const CurrentUser = createContext<SessionUser | undefined>(undefined);

/** The signed-in person; only below the shell, which shows nothing without one. */
export function useCurrentUser(): SessionUser {
  const user = useContext(CurrentUser);
  if (!user) throw new TypeError('no signed-in person above this component');
  return user;
}

/** What the role may do in a flow. The services decide; this spares people buttons that would be refused. */
export function abilities(flow: FlowDescription, role: string): { flag: boolean; approve: boolean } {
  return { flag: flow.roles.flag.includes(role), approve: flow.roles.approve.includes(role) };
}
