import { createContext, useContext, useEffect, useMemo, useSyncExternalStore } from 'react';
import type { FlowDescription } from '#contracts/http/flows';
import { LiveCases, type LiveView } from './live-cases.ts';

/** A page nobody looks at gives its connection back after so long, ms: a browser has six for each server, over all its tabs. */
const HIDDEN_MS = 30_000;

const Store = createContext<LiveCases | undefined>(undefined);
export const LiveCasesStore = Store.Provider;

/** The flow's live cases, followed while the page is looked at. */
export function useFollowedCases(flow: FlowDescription): LiveCases {
  const store = useMemo(() => new LiveCases(flow), [flow]);
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
  return store;
}

export function useLiveCases(): LiveView {
  const store = useContext(Store);
  if (!store) throw new TypeError('no live cases above this component');
  return useSyncExternalStore(store.subscribe, store.view);
}
