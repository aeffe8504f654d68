/** Steps that take down what was started: run once, newest first, each whatever became of the others. */
export class Undo {
  #steps: (() => Promise<unknown>)[] = [];

  add(step: () => Promise<unknown>): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    const steps = this.#steps.toReversed();
    this.#steps = [];
    for (const step of steps) await step().catch(() => undefined);
  }
}
