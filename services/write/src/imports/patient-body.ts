import { Readable } from 'node:stream';
import { ProblemException } from '#libs/runtime/http/problem';

/**
 * A body that fails with 408 where its client sends nothing for `stallMs` while it is waited for: an import that commits at its end would keep its locks as long as
 * that client likes. Time in which nobody reads does not count.
 */
export function patientBody(body: Readable, stallMs: number): Readable {
  return Readable.from(arriving(body, stallMs), { objectMode: false });
}

async function* arriving(body: Readable, stallMs: number): AsyncGenerator<Buffer> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  for (;;) {
    const stalled = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => stalled.reject(new ProblemException(408, 'stalled', `nothing came for ${stallMs} ms`, { hint: 'Ask for the offset, and go on there.' })),
      stallMs,
    );
    const next = chunks.next();
    // It fails when the connection ends, and nobody waits for it any more.
    next.catch(() => undefined);
    const chunk = await Promise.race([next, stalled.promise]).finally(() => clearTimeout(timer));
    if (chunk.done === true) return;
    yield chunk.value;
  }
}
