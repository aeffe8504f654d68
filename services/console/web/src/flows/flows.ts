import { useQuery } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import type { FlowDescription } from '#contracts/http/flows';
import { lakeloop } from '../api/lakeloop.ts';

/** The flows that this person may read. */
export function useFlows() {
  return useQuery({
    queryKey: ['flows'],
    queryFn: ({ signal }) => lakeloop().flows({ signal }),
    staleTime: 5 * 60_000,
  });
}

export const CurrentFlow = createContext<FlowDescription | undefined>(undefined);

/** The flow that the page is about. */
export function useFlow(): FlowDescription {
  const flow = useContext(CurrentFlow);
  if (!flow) throw new TypeError('no flow above this component');
  return flow;
}

export function labelTitle(flow: FlowDescription, label: string): string {
  return flow.labels.find((candidate) => candidate.class === label)?.title ?? label;
}

/** A colour for each label, the same everywhere: by its place in the flow. */
const COLOURS = ['gray', 'blue', 'grape', 'orange', 'teal', 'red', 'indigo', 'lime', 'pink', 'cyan'];
export function labelColour(flow: FlowDescription, label: string): string {
  const index = flow.labels.findIndex((candidate) => candidate.class === label);
  return COLOURS[index < 0 ? 0 : index % COLOURS.length] ?? 'gray';
}

/** The subject table's name, for people. */
export function tableTitle({ subject: { table } }: FlowDescription): string {
  return table.charAt(0).toUpperCase() + table.slice(1).replaceAll('_', ' ');
}

export function columnTitle(flow: FlowDescription, name: string): string {
  const title = flow.subject.columns.find((column) => column.name === name)?.title;
  return title ?? name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');
}
