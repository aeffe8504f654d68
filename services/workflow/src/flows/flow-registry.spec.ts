import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { type Flow, flowStep } from './flow.ts';
import { FlowRegistry } from './flow-registry.ts';

const table = { schema: 'things', name: 'flags' };
const step = flowStep({
  name: 'work',
  queue: { name: 'things-work', schema: z.object({}), attempts: 1, backoffMs: 1 },
  concurrency: 1,
  handle: async () => undefined,
});
const flow: Flow = {
  name: 'things',
  role: 'things_flow',
  tables: [table],
  triggers: [{ table, step: 'work', payloadOf: () => null }],
  steps: [step],
  reconcile: async () => 0,
};

describe('the flow registry', () => {
  it('routes a table to the step that handles it', () => {
    expect(new FlowRegistry([flow]).routes).toMatchObject([{ trigger: { table }, step: { name: 'work' } }]);
  });

  it.each<[string, Flow[], string]>([
    ['a trigger whose step nobody handles', [{ ...flow, triggers: [{ table, step: 'other', payloadOf: () => null }] }], 'nothing handles the step other'],
    ['a trigger on a table that is none of its own', [{ ...flow, tables: [] }], 'reacts to a table that is none of its own'],
    ['a flow without a step', [{ ...flow, steps: [], triggers: [] }], 'has no step'],
    ['two flows of one name', [flow, flow], 'the flow things is registered twice'],
    ['two flows with one queue', [flow, { ...flow, name: 'others' }], 'the queue things-work is registered twice'],
  ])('refuses %s', (_what, flows, message) => {
    expect(() => new FlowRegistry(flows)).toThrow(message);
  });
});
