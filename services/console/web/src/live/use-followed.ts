import { useEffect } from 'react';

/** A page nobody looks at gives its connection back after so long, ms: a browser has six for each server, over all its tabs. */
const HIDDEN_MS = 30_000;

/** Follows a stream while the page is looked at. */
export function useFollowed(store: { start(): void; stop(): void }): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let following = false;
    const follow = (): void => {
      clearTimeout(timer);
      if (!following) store.start();
      following = true;
    };
    const rest = (): void => {
      store.stop();
      following = false;
    };
    const visibility = (): void => {
      clearTimeout(timer);
      if (document.visibilityState === 'visible') follow();
      else timer = setTimeout(rest, HIDDEN_MS);
    };
    follow();
    document.addEventListener('visibilitychange', visibility);
    return () => {
      document.removeEventListener('visibilitychange', visibility);
      clearTimeout(timer);
      rest();
    };
  }, [store]);
}
