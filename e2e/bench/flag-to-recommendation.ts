import { openCase } from '../support/case.ts';
import type { Person } from '../support/person.ts';
import type { Shape } from '../support/shape.ts';
import { within } from './commit-to-stream.ts';
import { openStream } from './event-stream.ts';
import { paced } from './paced.ts';

/** Flags at a steady rate through the row API, each timed from the request until its recommendation is on the stream. Milliseconds. */
export async function measureFlagToRecommendation(
  shape: Shape,
  people: { owner: Person; flagger: Person; reader: Person },
  rate: number,
  seconds: number,
): Promise<number[]> {
  const total = rate * seconds;
  const requested = new Map<string, number>();
  const arrived = new Map<string, number>();
  const all = Promise.withResolvers<void>();
  const stream = await openStream(
    `${shape.urls.notification}/v1/changes/exceptions.recommendations?select=id,flag_id`,
    await people.reader.token(),
    ({ after }) => {
      if (typeof after?.['flag_id'] !== 'string') return;
      arrived.set(after['flag_id'], performance.now());
      if (arrived.size >= total) all.resolve();
    },
  );
  try {
    await paced(rate, total, async () => {
      const start = { at: 0 };
      const flag = await openCase(people.owner, people.flagger, false, () => (start.at = performance.now()));
      requested.set(flag.id, start.at);
    });
    await within(all.promise, 30_000, () => `only ${arrived.size} of ${total} recommendations arrived`);
  } finally {
    stream.close();
  }
  const measured = [...requested].slice(rate);
  return measured.map(([flag, at]) => (arrived.get(flag) ?? Number.NaN) - at);
}
