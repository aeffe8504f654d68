import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';

export const listTopics: Command = {
  usage: 'topics ls [--json]',
  about: 'topics of the prefix: partitions, and offsets from the oldest kept to the next',
  run: async ({ config, changeLog, print }, args) => {
    const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean', default: false } } });
    const log = await changeLog();
    for (const topic of await log.topics(`${config.CDC_TOPIC_PREFIX}.`)) {
      const partitions = (await log.bounds(topic)).map(({ partition, earliest, next }) => ({ partition, earliest: String(earliest), next: String(next) }));
      const bounds = partitions.map(({ partition, earliest, next }) => `${partition}: ${earliest}…${next}`).join(', ');
      print(values.json ? JSON.stringify({ topic, partitions }) : `${topic}  ${bounds}`);
    }
  },
};
