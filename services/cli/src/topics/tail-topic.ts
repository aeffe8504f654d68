import { parseArgs } from 'node:util';
import type { StoredRecord } from '#libs/changelog/change-log';
import { Failure } from '#libs/failure/failure';
import type { Command } from '../command.ts';

/** Prints one JSON object a record; key and value as text, since a bigint in them keeps its digits only so. */
export const tailTopic: Command = {
  usage: 'topics tail <topic> [--from-beginning] [--limit n]',
  about: 'records as they come, one JSON object a line',
  run: async ({ changeLog, print, signal }, args) => {
    const options = { 'from-beginning': { type: 'boolean', default: false }, limit: { type: 'string', default: 'Infinity' } } as const;
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options });
    const [topic] = positionals;
    let left = Number(values.limit);
    if (topic === undefined || !(left > 0)) throw new Failure('invalid-input', `lakeloop ${tailTopic.usage}`);
    const log = await changeLog();
    if ((await log.bounds(topic)).length === 0) throw new Failure('invalid-input', `there is no topic ${topic}: see lakeloop topics ls`);
    const ended = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => ended.resolve(), { once: true });
    const subscription = await log.subscribe({
      topics: [topic],
      from: values['from-beginning'] ? 'earliest' : 'latest',
      onBatch: async ({ records }) => {
        for (const record of records) if (left-- > 0) print(JSON.stringify(shown(record)));
        if (left <= 0) ended.resolve();
      },
      onFailure: (error) => ended.reject(error),
    });
    try {
      await ended.promise;
    } finally {
      await subscription.close();
    }
  },
};

function shown({ partition, offset, timestampMs, key, headers, value }: StoredRecord): unknown {
  return {
    partition,
    offset: String(offset),
    at: new Date(timestampMs).toISOString(),
    key: key?.toString('utf8') ?? null,
    headers,
    value: value?.toString('utf8') ?? null,
  };
}
