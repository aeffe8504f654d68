import { describe, expect, it } from '@jest/globals';
import { exceptionsFlow } from '../flows/exceptions/definition.ts';
import { ServedModel } from './served-model.ts';

const values = exceptionsFlow.features.map((_, index) => index);
const labels = exceptionsFlow.labels.map((label) => label.class);

function answering(prediction: unknown[]): { model: ServedModel; requests: unknown[] } {
  const requests: unknown[] = [];
  const model = new ServedModel({
    invoke: (invocation) => {
      requests.push(invocation);
      return Promise.resolve(prediction);
    },
  });
  return { model, requests };
}
const ask = (prediction: unknown[]) => answering(prediction).model.recommend('fraud', exceptionsFlow, values);

describe('a served model', () => {
  it('is asked with the features by name', async () => {
    const { model, requests } = answering([{ class: 'timing', confidence: 0.5 }]);
    await model.recommend('fraud', exceptionsFlow, values);
    expect(requests).toEqual([{ endpoint: 'fraud', input: { records: [expect.objectContaining({ twins: 0, same_reference: 1, note: values.length - 1 })] } }]);
  });

  it('may answer with a class and what speaks for it', async () => {
    const contributions = [{ feature: 'amount', contribution: 1.5 }];
    expect(await ask([{ class: 'timing', confidence: 0.75, probabilities: { timing: 0.75, no_issue: 0.25 }, contributions, model_version: 3 }])).toEqual({
      model: 'fraud@3',
      class: 'timing',
      confidence: 0.75,
      probabilities: { timing: 0.75, no_issue: 0.25 },
      contributions,
    });
  });

  it('may answer with probabilities, by class or in the order of the labels', async () => {
    expect(await ask([{ no_issue: 0.25, duplicate: 0.75 }])).toMatchObject({ model: 'fraud', class: 'duplicate', confidence: 0.75 });
    expect(await ask([labels.map((_, index) => (index === 2 ? 0.5 : 0.0625))])).toMatchObject({ class: labels[2], confidence: 0.5 });
  });

  it.each<[string, unknown[]]>([
    ['a bare label: a confidence would have to be invented', ['duplicate']],
    ['an unknown class', [{ class: 'nonsense', confidence: 0.5 }]],
    ['a confidence that is none', [{ class: 'timing', confidence: 1.5 }]],
    ['probabilities of other classes', [{ spam: 1 }]],
    ['too few probabilities', [[0.5, 0.5]]],
    ['nothing', []],
  ])('is refused when it answers %s', async (_what, prediction) => {
    await expect(ask(prediction)).rejects.toMatchObject({ kind: 'protocol-violation' });
  });

  it('that can not be reached from here is a setting that is missing', async () => {
    await expect(new ServedModel(null).recommend('fraud', exceptionsFlow, values)).rejects.toMatchObject({
      kind: 'misconfigured',
      message: expect.stringContaining('DATABRICKS_HOST'),
    });
  });
});
