import type { PipelineStep } from '#libs/postgres/exchange';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Preferences } from './prefer.ts';
import { requestSettings, type RequestFacts, searchPath, type Session } from './session.ts';

/** How transactions end: as the word says, or as the request does where that may be overridden. */
export type TxEnd = 'commit' | 'commit-allow-override' | 'rollback' | 'rollback-allow-override';

/** What the service does around statements. */
export interface SessionPolicy {
  /** Schemas where functions and types are found without a schema's name, after the request's own. */
  searched: readonly string[];
  /** Complete SQL of a function to call before each statement. */
  preRequest: string | undefined;
  txEnd: TxEnd;
  /** Whether requests to governed tables set `request.*` too. Calls always do, and so does everything where our schema is not installed. */
  requestSettings: boolean;
  /** Whether plans may be asked for. */
  plans: boolean;
}

export function allowsTx({ txEnd }: SessionPolicy): boolean {
  return txEnd.endsWith('-allow-override');
}

export interface SessionOf {
  request: RequestFacts;
  schema: string;
  prefer: Preferences;
  catalogue: Catalogue;
  also: readonly PipelineStep[];
  /** A function is called, with settings of its own. */
  call?: { settings: readonly (readonly [string, string])[] };
}

export function sessionFor(policy: SessionPolicy, { request, schema, prefer, catalogue, also, call }: SessionOf): Session {
  const told = !catalogue.governed || call !== undefined || policy.requestSettings;
  const settings: (readonly [string, string])[] = [];
  // A governed connection has the default schema's path already.
  if (!catalogue.governed || schema !== catalogue.schemas[0]) settings.push(['search_path', searchPath([schema, ...policy.searched])]);
  if (told) settings.push(...requestSettings(request));
  if (prefer.timezone !== undefined) settings.push(['timezone', prefer.timezone]);
  if (call) settings.push(...call.settings);
  const { preRequest, txEnd } = policy;
  return {
    settings,
    ...(preRequest === undefined ? {} : { preRequest }),
    respond: told || preRequest !== undefined,
    also,
    rollback: prefer.tx === 'rollback' || (txEnd.startsWith('rollback') && prefer.tx !== 'commit'),
  };
}
