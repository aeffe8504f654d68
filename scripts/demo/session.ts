import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, type LakeloopClient } from '#libs/client/client';
import { signIn, type SignedIn } from '#libs/client/sign-in';

interface AccountsFile {
  issuer: string;
  accounts: Record<string, { username: string; password: string }>;
}

export interface Session {
  /** Base URL of Lakeloop. */
  url: string;
  /** A demo account's client; its token is renewed before it expires. */
  clientOf(account: string): LakeloopClient;
  token(account: string): Promise<string>;
}

/** A token is renewed this long before its end, ms. */
const EARLY_MS = 60_000;

/** Signs in with the demo accounts of a running Lakeloop: `accounts.json` of its data directory. Ends with one line when there is none. */
export function openSession({ url, data = process.env['LAKELOOP_DATA'] ?? '.lakeloop' }: { url?: string | undefined; data?: string | undefined }): Session {
  const { issuer, accounts } = readAccounts(data);
  const base = url ?? new URL(issuer).origin;
  const tokens = new Map<string, Promise<SignedIn>>();
  const token = async (account: string): Promise<string> => {
    const known = await tokens.get(account);
    if (known && known.expiresAt > Date.now() + EARLY_MS) return known.accessToken;
    const found = accounts[account];
    if (!found) throw new Error(`there is no demo account ${account}`);
    const fresh = signIn({ issuer, username: found.username, password: found.password });
    tokens.set(account, fresh);
    fresh.catch(() => tokens.delete(account));
    return (await fresh).accessToken;
  };
  return { url: base, token, clientOf: (account) => createClient({ url: base, token: () => token(account) }) };
}

function readAccounts(data: string): AccountsFile {
  const path = join(data, 'accounts.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as AccountsFile;
  } catch {
    process.stderr.write(`no demo accounts in ${path}: run npm start first, or name its data directory with --data\n`);
    return process.exit(1);
  }
}

/** What postgrest-js answers, or its error thrown with all it says. */
export function must({ data, error, status }: Answered): Record<string, unknown>[] {
  if (error) throw new Error(`HTTP ${status} ${error.code ?? ''}: ${error.message} ${error.details ?? ''}`.trim());
  return Array.isArray(data) ? (data as Record<string, unknown>[]) : [];
}

interface Answered {
  data: unknown;
  error: { message: string; details?: string | null; code?: string } | null;
  status: number;
}
