import { useQuery } from '@tanstack/react-query';
import { readJson, request } from '../api/request.ts';

export interface SessionUser {
  subject: string;
  name: string;
  role: string;
}
export interface Session {
  user: SessionUser | null;
  /** When the access token ends, ms since the epoch; asking renews it in time. */
  expiresAt: number | null;
}

const MINUTE = 60_000;

/** Who is signed in; asked every few minutes, which also keeps the session fresh. */
export function useSession() {
  return useQuery({
    queryKey: ['session'],
    queryFn: async ({ signal }) => readJson<Session>(await request('/auth/session', { signal })),
    refetchInterval: 4 * MINUTE,
    refetchOnWindowFocus: true,
    staleTime: MINUTE,
  });
}

/** Where signing in begins; afterwards the person is back at `returnTo`. */
export function signInUrl(returnTo: string): string {
  return `/auth/login?${new URLSearchParams({ returnTo })}`;
}
