import { Failure } from '#libs/failure/failure';
import type { Command, CommandContext } from './command.ts';
import { adopt } from './database/adopt.ts';
import { detach } from './database/detach.ts';
import { doctor } from './database/doctor.ts';
import { init } from './database/init.ts';
import { listLetters } from './dlq/list-letters.ts';
import { redriveLetters } from './dlq/redrive-letters.ts';
import { listTopics } from './topics/list-topics.ts';
import { tailTopic } from './topics/tail-topic.ts';
import { topicTypes } from './topics/topic-types.ts';

const COMMANDS: Readonly<Record<string, Command>> = {
  doctor,
  init,
  adopt,
  detach,
  'topics ls': listTopics,
  'topics tail': tailTopic,
  'topics types': topicTypes,
  'dlq ls': listLetters,
  'dlq redrive': redriveLetters,
};

export function usage(): string {
  const lines = Object.values(COMMANDS).map((command) => `  lakeloop ${command.usage.padEnd(48)} ${command.about}`);
  return [
    'Usage:',
    ...lines,
    '',
    'Settings come from the environment: ADMIN_DATABASE_URL for the first four (docs/adopt.md), else as those of capture (docs/cdc.md).',
  ].join('\n');
}

/** Runs `lakeloop <verb> …` or `lakeloop <area> <verb> …`. Throws an `invalid-input` Failure for a command that there is none of. */
export async function runCommand(context: CommandContext, args: readonly string[]): Promise<void> {
  const [area = '', verb = '', ...rest] = args;
  const alone = COMMANDS[area];
  if (alone) return alone.run(context, args.slice(1));
  const command = COMMANDS[`${area} ${verb}`];
  if (!command) throw new Failure('invalid-input', `there is no command ${JSON.stringify([area, verb].join(' ').trim())}\n${usage()}`);
  await command.run(context, rest);
}
