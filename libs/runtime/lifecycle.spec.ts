import { describe, expect, it } from '@jest/globals';
import { Lifecycles } from './lifecycle.ts';
import { createLogger } from './logger.ts';

function part(name: string, journal: string[], failing?: string) {
  const step = (what: string) => () => {
    journal.push(`${what} ${name}`);
    return what === failing ? Promise.reject(new Error(what)) : Promise.resolve();
  };
  return { name, run: step('run'), drain: step('drain'), stop: step('stop') };
}

describe('lifecycles', () => {
  it('run in order, then drain all and stop all in reverse, once, even when one fails', async () => {
    const journal: string[] = [];
    const lifecycles = new Lifecycles(createLogger({ service: 'test', level: 'silent' }));
    await lifecycles.run([part('a', journal), part('b', journal, 'drain')]);
    await Promise.all([lifecycles.end(), lifecycles.end()]);
    expect(journal).toEqual(['run a', 'run b', 'drain b', 'drain a', 'stop b', 'stop a']);
  });
});
