import { createContext, useContext, useMemo, useSyncExternalStore } from 'react';
import type { FlowDescription } from '#contracts/http/flows';
import { LiveCases, type LiveView } from './live-cases.ts';
import { useFollowed } from './use-followed.ts';

const Store = createContext<LiveCases | undefined>(undefined);
export const LiveCasesStore = Store.Provider;

/** The flow's live cases, followed while the page is looked at. */
export function useFollowedCases(flow: FlowDescription): LiveCases {
  const store = useMemo(() => new LiveCases(flow), [flow]);
  useFollowed(store);
  return store;
}

export function useLiveCases(): LiveView {
  const store = useContext(Store);
  if (!store) throw new TypeError('no live cases above this component');
  return useSyncExternalStore(store.subscribe, store.view);
}
