import { createClient, type LakeloopClient } from '#libs/client/client';
import type { WriteConfig } from '../write-settings.ts';
import { type ApiStand, openApi } from './api-stand.ts';

/** A stand whose requests go through the client SDK. */
export interface ClientStand extends ApiStand {
  /** As a role; `sub`: as a person of it. `send` stands in the place of `fetch`. */
  clientOf(role: string, more?: { sub?: string; send?: typeof fetch }): LakeloopClient;
}

/** A service with a schema `app` in which analysts make tables. */
export async function openForClients(schema = '', config: Partial<WriteConfig> = {}): Promise<ClientStand> {
  const stand = await openApi(
    `create schema app authorization lakeloop_owner; create schema other authorization lakeloop_owner;
    grant usage, create on schema app to analyst; grant usage on schema app to sales; ${schema}`,
    { editsTables: true, config },
  );
  const clientOf: ClientStand['clientOf'] = (role, { sub, send } = {}) =>
    createClient({
      url: stand.service.url,
      token: () => stand.service.token(role, sub === undefined ? {} : { sub }),
      maxDelayMs: 50,
      ...(send ? { fetch: send } : {}),
    });
  return { ...stand, clientOf };
}
