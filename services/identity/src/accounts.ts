import { createHash, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { type IdentityConfig, issuerOf } from './identity-config.ts';
import { memorablePassword } from './memorable-password.ts';
import { readPrivate, writePrivate } from './private-file.ts';

/** Who can sign in, without the password. `claims` go into the access token as they are. */
export interface Account {
  /** Also the token's `sub`. */
  username: string;
  name: string;
  role: string;
  claims: Readonly<Record<string, unknown>>;
}

/** One account for each role of the demo, and a second analyst and approver so that four eyes can be shown. */
export const DEMO_ACCOUNTS: readonly Account[] = [
  { username: 'analyst', name: 'Ana Lindqvist', role: 'analyst', claims: { team: 'reconciliation' } },
  { username: 'analyst2', name: 'Anton Weber', role: 'analyst', claims: { team: 'reconciliation' } },
  { username: 'approver', name: 'Priya Raman', role: 'approver', claims: { team: 'control' } },
  { username: 'approver2', name: 'Paul Okafor', role: 'approver', claims: { team: 'control' } },
  { username: 'finance', name: 'Fiona Marsh', role: 'finance', claims: { team: 'finance' } },
  { username: 'sales', name: 'Samir Haddad', role: 'sales', claims: { team: 'sales', region: 'EMEA' } },
  { username: 'supply', name: 'Sofia Castellano', role: 'supply', claims: { team: 'supply' } },
  { username: 'auditor', name: 'August Nyman', role: 'auditor', claims: { team: 'audit' } },
  { username: 'administrator', name: 'Ada Kowalski', role: 'administrator', claims: { team: 'platform' } },
  { username: 'agent', name: 'Lakeloop agent', role: 'agent', claims: { team: 'automation' } },
];

/** `<dataDirectory>/accounts.json`: what the start script prints and scripts sign in with. */
const accountsFile = z.object({
  issuer: z.string(),
  accounts: z.record(z.string(), z.object({ username: z.string(), password: z.string().min(8), name: z.string() })),
});
export type AccountsFile = z.infer<typeof accountsFile>;

export class Accounts {
  readonly list: readonly Account[];
  readonly #digests: ReadonlyMap<string, Buffer>;

  constructor(list: readonly Account[], passwords: ReadonlyMap<string, string>) {
    this.list = list;
    this.#digests = new Map([...passwords].map(([username, password]) => [username, digest(password)]));
  }

  /**
   * Reads the accounts, making passwords for those that have none; the file is written when anything is new.
   * Accounts in the file that are not among `definitions` can't sign in.
   */
  static async load(config: IdentityConfig, definitions: readonly Account[] = DEMO_ACCOUNTS): Promise<Accounts> {
    const path = join(config.dataDirectory, 'accounts.json');
    const stored = await readPrivate(path, accountsFile);
    const passwords = new Map(definitions.map(({ username }) => [username, stored?.accounts[username]?.password ?? memorablePassword()]));
    const content: AccountsFile = {
      issuer: issuerOf(config),
      accounts: Object.fromEntries(definitions.map(({ username, name }) => [username, { username, password: passwords.get(username) ?? '', name }])),
    };
    if (JSON.stringify(content) !== JSON.stringify(stored)) await writePrivate(path, content);
    return new Accounts(definitions, passwords);
  }

  find(username: string): Account | undefined {
    return this.list.find((account) => account.username === username);
  }

  /** The account when the password is right. Takes the same time for an unknown name. */
  authenticate(username: string, password: string): Account | undefined {
    const right = timingSafeEqual(this.#digests.get(username) ?? digest(''), digest(password));
    return right ? this.find(username) : undefined;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
