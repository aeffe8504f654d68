import { createContext, useContext, useEffect } from 'react';
import type { ConnectionView } from '../live/connection.ts';

/** How a page of the room tells its stream. */
export const Follow = createContext<(stream: ConnectionView | undefined) => void>(() => undefined);

/** Shows a page's stream in the room's header while the page is there. */
export function useShownStream({ connection, problem }: ConnectionView): void {
  const follow = useContext(Follow);
  useEffect(() => {
    follow({ connection, problem });
    return () => follow(undefined);
  }, [follow, connection, problem]);
}
