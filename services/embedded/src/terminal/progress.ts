import type { WriteStream } from 'node:tty';

/** Stages shorter than this pass in silence, ms. */
const WORTH_A_LINE_MS = 2_000;

/** Shows what the start is doing: on a terminal a line that counts the seconds, elsewhere a line for each stage that takes a while. */
export class Progress {
  readonly #out: WriteStream;

  constructor(out: WriteStream = process.stdout) {
    this.#out = out;
  }

  /** Runs one stage; a stage of two seconds or more leaves a line with its time. */
  async stage<T>(title: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const seconds = (): number => (performance.now() - began) / 1000;
    let shown = 0;
    const timer = setInterval(() => {
      if (this.#out.isTTY) this.#out.write(`\r  ${title} … ${seconds().toFixed(0)} s`);
      else if (shown++ % 10 === 1) this.#out.write(`  ${title} … ${seconds().toFixed(0)} s\n`);
    }, 1_000);
    try {
      return await work();
    } finally {
      clearInterval(timer);
      if (this.#out.isTTY) this.#out.write('\r\x1b[2K');
      if (seconds() * 1000 >= WORTH_A_LINE_MS) this.#out.write(`  ${title}: ${seconds().toFixed(1)} s\n`);
    }
  }
}
