import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Failure } from '#libs/failure/failure';
import type { Command, CommandContext } from '../command.ts';
import { closing, type Letter, openLetters } from './letters.ts';

const POLL_MS = 100;
const OVER = ['completed', 'failed', 'cancelled'];

interface SnapshotAnswer {
  id: string;
  state: string;
  rows: number;
  error: string | null;
}

/**
 * Publishes the rows of parked changes as they are now: as `r`, through a snapshot of the one row beside the stream, so that nothing newer is ever followed by
 * something older. The value that was parked is not sent again: it is what the row was, not what it is.
 */
export const redriveLetters: Command = {
  usage: 'dlq redrive <id>… | --all',
  about: 'publishes the parked rows as they are now',
  run: async (context, args) => {
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: { all: { type: 'boolean', default: false } } });
    const { config, print } = context;
    if (values.all === positionals.length > 0) throw new Failure('invalid-input', `name the ids of letters, or give --all: lakeloop ${redriveLetters.usage}`);
    const changeLog = await context.changeLog();
    const letters = await openLetters(changeLog, config.CDC_TOPIC_PREFIX);
    const unknown = positionals.find((id) => !letters.some((letter) => letter.id === id));
    if (unknown !== undefined) throw new Failure('invalid-input', `no letter has the id ${unknown}: see lakeloop dlq ls`);
    const producer = await changeLog.openProducer('cli:dlq');
    try {
      for (const letter of letters.filter(({ id }) => values.all || positionals.includes(id))) {
        const { rows } = await snapshotOf(context, letter);
        await producer.append([closing(config.CDC_TOPIC_PREFIX, letter, rows > 0 ? 'redriven' : 'gone')]);
        print(`${letter.id}  ${letter.table}  ${letter.key}  ${rows > 0 ? 'published as it is now' : 'the row is gone'}`);
      }
    } finally {
      await producer.close();
    }
  },
};

async function snapshotOf(context: CommandContext, letter: Letter): Promise<SnapshotAnswer> {
  let snapshot = await ask<SnapshotAnswer>(context, 'POST', { table: letter.table, key: keyOf(letter) });
  while (!OVER.includes(snapshot.state)) {
    await delay(POLL_MS, undefined, { signal: context.signal });
    const { snapshots } = await ask<{ snapshots: SnapshotAnswer[] }>(context, 'GET');
    snapshot = snapshots.find(({ id }) => id === snapshot.id) ?? snapshot;
  }
  if (snapshot.state !== 'completed') throw new Failure('unsupported', `the row of ${letter.id} was not read again: ${snapshot.error ?? snapshot.state}`);
  return snapshot;
}

function keyOf({ id, key }: Letter): string {
  if (key === null) throw new Failure('unsupported', `the key of ${id} is not known: ask for a snapshot of its table instead`);
  return key;
}

async function ask<Answer>({ config, fetch, signal }: CommandContext, method: string, body?: unknown): Promise<Answer> {
  const { CDC_URL: url, CDC_ADMIN_TOKEN: token } = config;
  if (token === undefined)
    throw new Failure('misconfigured', 'CDC_ADMIN_TOKEN is not set: capture reads the rows again, and takes orders only from who has it');
  const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
  const response = await fetch(new URL('/v1/snapshots', url), {
    method,
    headers,
    signal,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.ok) return (await response.json()) as Answer;
  const problem = (await response.json().catch(() => ({}))) as { detail?: string; title?: string };
  throw new Failure('dependency-unavailable', `capture at ${url} refused (${response.status}): ${problem.detail ?? problem.title ?? 'no reason given'}`);
}
