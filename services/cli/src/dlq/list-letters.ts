import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { openLetters } from './letters.ts';

export const listLetters: Command = {
  usage: 'dlq ls [--json]',
  about: 'changes that were parked and are not dealt with',
  run: async ({ config, changeLog, print }, args) => {
    const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean', default: false } } });
    const letters = await openLetters(await changeLog(), config.CDC_TOPIC_PREFIX);
    for (const letter of letters) {
      const { id, table, key, reason, bytes, parkedAtMs } = letter;
      if (values.json) print(JSON.stringify(letter));
      else print([new Date(parkedAtMs).toISOString(), id, table, key ?? '(no key)', reason, bytes === null ? '' : `${bytes} bytes`].join('  ').trimEnd());
    }
    if (!values.json) print(letters.length === 0 ? 'nothing is parked' : `${letters.length} parked`);
  },
};
