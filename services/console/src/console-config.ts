import { z } from 'zod';
import { type Environment, loadConfig, port } from '#libs/runtime/config';

/** Where the services are when they do not share the console's process. */
export interface Upstreams {
  write: string;
  workflow: string;
  notification: string;
  lakehouse?: string;
  /** The built-in provider, in the demo cluster. */
  identity?: string;
}

export interface ConsoleConfig {
  /** Origin that browsers reach the console at, without a trailing slash. */
  publicUrl: string;
  issuer: string;
  clientId: string;
  /** Set for a confidential client; without it the client is public. PKCE either way. */
  clientSecret?: string;
  /** Space-separated scopes to ask for. */
  scope: string;
  /** Claim that names the role, as a dotted path; for display alone, the services decide. */
  roleClaim: string;
  /** Seals the session cookie: 64 hexadecimal digits; or the directory in which one is kept, made at first start. */
  sessionKey: { hex: string } | { directory: string };
  /** Directory of the built web app. */
  webRoot: string;
  /** Absent: the services share this process. */
  upstreams?: Upstreams;
}

const origin = z.url({ protocol: /^https?$/ }).transform((text) => new URL(text).origin);

const settings = z.object({
  CONSOLE_PORT: port.default(8085).describe('TCP port'),
  CONSOLE_PUBLIC_URL: origin.default('http://localhost:8085').describe('origin that browsers reach the console at'),
  CONSOLE_SESSION_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i)
    .optional()
    .describe('seals session cookies: 64 hexadecimal digits, the same for every replica'),
  CONSOLE_DATA_DIRECTORY: z.string().min(1).default('.lakeloop').describe('where a session key is made and kept when none is given'),
  CONSOLE_WEB_ROOT: z.string().min(1).default('dist/console').describe('directory of the built web app'),
  CONSOLE_UPSTREAM_WRITE: origin.default('http://localhost:8080').describe('URL of the write service'),
  CONSOLE_UPSTREAM_WORKFLOW: origin.default('http://localhost:8082').describe('URL of the workflow service'),
  CONSOLE_UPSTREAM_NOTIFICATION: origin.default('http://localhost:8083').describe('URL of the notification service'),
  CONSOLE_UPSTREAM_LAKEHOUSE: origin.optional().describe('URL of the lakehouse service; unset where there is none'),
  CONSOLE_UPSTREAM_IDENTITY: origin.optional().describe('URL of the built-in identity provider, served below /oidc; unset with an issuer of your own'),
  OIDC_ISSUER: z.url({ protocol: /^https?$/ }).describe('issuer that people sign in at'),
  OIDC_CLIENT_ID: z.string().min(1).default('lakeloop-console').describe('client id at the issuer'),
  OIDC_CLIENT_SECRET: z.string().min(1).optional().describe('client secret, for a confidential client'),
  OIDC_SCOPE: z.string().min(1).default('openid profile offline_access').describe('scopes to ask for'),
  OIDC_ROLE_CLAIM: z.string().min(1).default('role').describe('claim that names the role, as a dotted path'),
});

export function consoleSettings(environment: Environment): { port: number; config: ConsoleConfig } {
  const read = loadConfig(settings, environment);
  const config: ConsoleConfig = {
    publicUrl: read.CONSOLE_PUBLIC_URL,
    issuer: read.OIDC_ISSUER,
    clientId: read.OIDC_CLIENT_ID,
    ...(read.OIDC_CLIENT_SECRET === undefined ? {} : { clientSecret: read.OIDC_CLIENT_SECRET }),
    scope: read.OIDC_SCOPE,
    roleClaim: read.OIDC_ROLE_CLAIM,
    sessionKey: read.CONSOLE_SESSION_KEY === undefined ? { directory: read.CONSOLE_DATA_DIRECTORY } : { hex: read.CONSOLE_SESSION_KEY },
    webRoot: read.CONSOLE_WEB_ROOT,
    upstreams: {
      write: read.CONSOLE_UPSTREAM_WRITE,
      workflow: read.CONSOLE_UPSTREAM_WORKFLOW,
      notification: read.CONSOLE_UPSTREAM_NOTIFICATION,
      ...(read.CONSOLE_UPSTREAM_LAKEHOUSE === undefined ? {} : { lakehouse: read.CONSOLE_UPSTREAM_LAKEHOUSE }),
      ...(read.CONSOLE_UPSTREAM_IDENTITY === undefined ? {} : { identity: read.CONSOLE_UPSTREAM_IDENTITY }),
    },
  };
  return { port: read.CONSOLE_PORT, config };
}
