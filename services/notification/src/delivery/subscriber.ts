import { holds, type Stitch } from '../stitch/stitch.ts';
import { END, type Frame } from './frame.ts';
import type { SseStream } from './sse-stream.ts';

/** One open stream of a class. */
export class Subscriber {
  readonly stream: SseStream;
  #stitch: Stitch | undefined;
  /** The stream's own half of its cursors, while its snapshot is being stitched. */
  #suffix: string;

  constructor(stream: SseStream, stitch: Stitch | undefined, suffix: string) {
    this.stream = stream;
    this.#stitch = stitch;
    this.#suffix = suffix;
  }

  get stitch(): Stitch | undefined {
    return this.#stitch;
  }

  get suffix(): string {
    return this.#suffix;
  }

  /** Every partition is past the snapshot: from here on this stream is sent what its whole class is sent. */
  stitched(): void {
    this.#stitch = undefined;
    this.#suffix = '';
  }

  /** Sends those frames that the snapshot does not hold. `shared` makes the bytes that are the same for the whole class. Returns how many. */
  send(frames: readonly Frame[], shared: () => Buffer): number {
    const { stitch } = this;
    if (!stitch) return this.stream.send(shared(), frames.length) ? frames.length : 0;
    const own = frames.filter((frame) => !holds(stitch, frame));
    if (own.length === 0) return 0;
    return this.stream.send(own.map(({ text }) => `${text}${this.#suffix}${END}`).join(''), own.length) ? own.length : 0;
  }
}
