import { describe, expect, it } from '@jest/globals';
import { compileTables } from './compile-tables.ts';
import { defineExceptionFlow, type ExceptionFlowDefinition } from './definition.ts';

const good: ExceptionFlowDefinition = {
  name: 'things',
  title: 'Things',
  schema: 'things',
  principalRole: 'things_flow',
  subject: {
    table: 'items',
    key: { column: 'id', type: 'bigint' },
    reference: 'item_id',
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'region', type: 'text' },
    ],
    indexes: [],
    carried: ['region'],
    correctable: [],
    summary: ['region'],
  },
  features: [{ kind: 'category', name: 'region', title: 'Region', sql: 's.region' }],
  labels: [
    { class: 'fine', title: 'Fine' },
    { class: 'broken', title: 'Broken' },
  ],
  roles: { flag: ['analyst'], approve: ['approver'], read: ['analyst', 'approver'], work: [], administer: [] },
  restrictions: {},
  learning: { minimumExamples: 10, l2: 1e-3, seed: 1 },
};

describe('a flow definition', () => {
  it('compiles to the subject, labels, cases, recommendations, dispositions and models', () => {
    const created = compileTables(defineExceptionFlow(good)).flatMap((statement) => /create table "things"\."(\w+)"/.exec(statement)?.[1] ?? []);
    expect(created).toEqual(['items', 'labels', 'flags', 'recommendations', 'dispositions', 'models']);
  });

  it.each<[string, Partial<ExceptionFlowDefinition>, string]>([
    ['a name that is no plain name', { schema: 'things"; drop' }, 'no plain lower-case name'],
    ['a single label', { labels: good.labels.slice(1) }, 'two labels or more'],
    ['a column that the subject lacks', { subject: { ...good.subject, summary: ['other'] } }, 'a column other that the subject lacks'],
    [
      'a row filter on a column that cases do not carry',
      { subject: { ...good.subject, carried: [] }, restrictions: { sales: { rows: { column: 'region', claim: 'region' } } } },
      'not carried',
    ],
    ['a role that acts on what it can not read', { roles: { ...good.roles, flag: ['other'] } }, "acts on what it can't read"],
    ['two features of one name', { features: [...good.features, ...good.features] }, 'a feature is named twice'],
  ])('is refused with %s', (_what, change, message) => {
    expect(() => defineExceptionFlow({ ...good, ...change })).toThrow(message);
  });
});
