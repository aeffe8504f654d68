import { isIP } from 'node:net';
import { z } from 'zod';
import { type Environment, list, loadConfig, port } from '#libs/runtime/config';
import { Failure } from '#libs/failure/failure';

/** Settings of the built-in OIDC provider, as plain values. */
export interface IdentityConfig {
  /** Origin that browsers and services reach this installation at, without a trailing slash; the issuer is this + `/oidc`. */
  publicUrl: string;
  /** Directory that holds `accounts.json` and `identity/`; created when missing. */
  dataDirectory: string;
  /** Peer addresses served besides loopback (a container network's proxy). Default none. */
  trustedPeers?: readonly string[];
}

export const ISSUER_PATH = '/oidc';
/** `aud` of access tokens. */
export const AUDIENCE = 'lakeloop';

export function issuerOf(config: IdentityConfig): string {
  return config.publicUrl + ISSUER_PATH;
}

const origin = z
  .url({ protocol: /^https?$/ })
  .refine((text) => new URL(text).pathname === '/', { error: 'must be an origin such as http://localhost:8080, without a path' })
  .transform((text) => new URL(text).origin);

const settings = z.object({
  IDENTITY_PORT: port.default(8084).describe('TCP port'),
  IDENTITY_HOST: z.string().default('127.0.0.1').describe('address to listen on'),
  IDENTITY_PUBLIC_URL: origin.default('http://localhost:8085').describe('origin that browsers reach the console and this provider at'),
  IDENTITY_DATA_DIRECTORY: z.string().min(1).default('.lakeloop').describe('directory for keys, accounts and sessions'),
  IDENTITY_TRUSTED_PEERS: list
    .refine((items) => items.every((item) => isIP(item) !== 0), { error: 'must be IP addresses, comma-separated' })
    .default([])
    .describe('addresses served besides loopback'),
  OIDC_ISSUER: z.string().optional().describe('must not be set: with an issuer of your own there is no built-in one'),
});

/** Reads the stand-alone process's settings. Throws `misconfigured` when another issuer is named (decisions: built-in identity is for demos alone). */
export function identitySettings(environment: Environment): { port: number; host: string; config: IdentityConfig } {
  const read = loadConfig(settings, environment);
  if (read.OIDC_ISSUER !== undefined)
    throw new Failure(
      'misconfigured',
      'OIDC_ISSUER names an issuer of your own, so the built-in identity provider must not run: unset it or do not start this service',
    );
  const config = { publicUrl: read.IDENTITY_PUBLIC_URL, dataDirectory: read.IDENTITY_DATA_DIRECTORY, trustedPeers: read.IDENTITY_TRUSTED_PEERS };
  return { port: read.IDENTITY_PORT, host: read.IDENTITY_HOST, config };
}
