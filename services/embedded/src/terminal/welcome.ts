import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';

const accountsFile = z.object({ accounts: z.record(z.string(), z.object({ username: z.string(), password: z.string(), name: z.string() })) });

export interface WelcomeFacts {
  url: string;
  dataDirectory: string;
  /** URL of the database for psql, without a password. */
  psql: string;
  seconds: number;
}

/** What a person needs to know once everything runs: where, as whom, with what. */
export async function welcome(facts: WelcomeFacts): Promise<string> {
  const { accounts } = accountsFile.parse(JSON.parse(await readFile(join(facts.dataDirectory, 'accounts.json'), 'utf8')));
  const rows = Object.values(accounts).map(({ name, username, password }) => [username, password, name] as const);
  return [
    '',
    `Lakeloop runs (${facts.seconds.toFixed(1)} s).`,
    '',
    `  Console   ${facts.url}`,
    `  Rows      ${facts.url}/rest/v1/<table>`,
    `  Changes   ${facts.url}/v1/changes/<schema>.<table>`,
    `  Postgres  ${facts.psql}`,
    `  Data      ${shortPath(facts.dataDirectory)}/  (passwords: secrets.json; log: logs/lakeloop.log)`,
    '',
    ...table([['account', 'password', 'name'], ...rows]).map((line) => `  ${line}`),
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n');
}

/** From here where it lies below, else in full. */
function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  );
}
