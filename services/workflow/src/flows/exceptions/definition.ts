import { defineExceptionFlow } from '../../cases/definition.ts';

const transactions = 'exceptions.transactions';

/** Other bookings of the same account that look like this one: same counterparty and amount, booked within two days. */
const TWINS = `(select count(*) from ${transactions} d where d.account = s.account and d.counterparty = s.counterparty and d.amount = s.amount and d.id <> s.id
  and d.booked_at between s.booked_at - interval '2 days' and s.booked_at + interval '2 days')::int`;
/** An earlier one with the same reference: what a duplicate repeats. */
const SAME_REFERENCE = `(select count(*) from ${transactions} d where d.account = s.account and d.counterparty = s.counterparty and d.amount = s.amount and d.id <> s.id
  and d.reference = s.reference and d.booked_at between s.booked_at - interval '2 days' and s.booked_at)::int`;
const DIFFERENCE = `abs(s.amount - s.expected_amount) / nullif(greatest(abs(s.amount), abs(s.expected_amount)), 0)`;

/** Bookings that someone doubts: what is wrong with them, if anything. */
export const exceptionsFlow = defineExceptionFlow({
  name: 'exceptions',
  title: 'Transaction exceptions',
  schema: 'exceptions',
  principalRole: 'exceptions_flow',
  subject: {
    table: 'transactions',
    key: { column: 'id', type: 'bigint' },
    reference: 'transaction_id',
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'account', type: 'text', notNull: true, title: 'Account' },
      { name: 'counterparty', type: 'text', title: 'Counterparty' },
      { name: 'amount', type: 'numeric(14,2)', notNull: true, title: 'Amount' },
      { name: 'currency', type: 'text', notNull: true, title: 'Currency' },
      { name: 'expected_amount', type: 'numeric(14,2)', title: 'Expected amount' },
      { name: 'expected_currency', type: 'text', title: 'Expected currency' },
      { name: 'booked_at', type: 'timestamptz', notNull: true, default: 'now()', title: 'Booked' },
      { name: 'value_date', type: 'date', notNull: true, default: 'current_date', title: 'Value date' },
      { name: 'channel', type: 'text', notNull: true, title: 'Channel' },
      { name: 'region', type: 'text', notNull: true, title: 'Region' },
      { name: 'description', type: 'text', notNull: true, default: "''", title: 'Description' },
      { name: 'reference', type: 'text', title: 'Reference' },
    ],
    indexes: [['account', 'counterparty', 'amount', 'booked_at'], ['booked_at'], ['region']],
    carried: ['region'],
    correctable: ['counterparty', 'amount', 'currency', 'value_date', 'reference', 'description'],
    summary: ['booked_at', 'counterparty', 'amount', 'currency', 'description'],
  },
  features: [
    { kind: 'number', name: 'twins', title: 'Same counterparty and amount within two days', sql: `least(${TWINS}, 3)` },
    { kind: 'number', name: 'same_reference', title: 'An earlier twin with the same reference', sql: `least(${SAME_REFERENCE}, 1)` },
    { kind: 'number', name: 'other_currency', title: 'Currency is not the expected one', sql: '(s.currency is distinct from s.expected_currency)::int' },
    { kind: 'number', name: 'amount_difference', title: 'Difference from the expected amount', sql: `least(${DIFFERENCE}, 1)` },
    { kind: 'number', name: 'amount_differs', title: 'Amount is not the expected one', sql: '(s.amount is distinct from s.expected_amount)::int' },
    { kind: 'number', name: 'differs_a_lot', title: 'Amount differs by more than two per cent', sql: `coalesce((${DIFFERENCE} > 0.02)::int, 0)` },
    { kind: 'number', name: 'nothing_expected', title: 'Nothing was expected', sql: '(s.expected_amount is null)::int' },
    { kind: 'number', name: 'no_counterparty', title: 'No counterparty', sql: "(s.counterparty is null or s.counterparty = '')::int" },
    { kind: 'number', name: 'no_reference', title: 'No reference', sql: '(s.reference is null)::int' },
    { kind: 'number', name: 'amount', title: 'Amount', sql: 's.amount', scale: 'signed-log' },
    { kind: 'number', name: 'round_amount', title: 'A round amount', sql: '(s.amount % 100 = 0)::int' },
    {
      kind: 'number',
      name: 'days_apart',
      title: 'Days between booking and value date',
      sql: "least(abs(s.value_date - (s.booked_at at time zone 'UTC')::date), 15)",
    },
    { kind: 'number', name: 'at_night', title: 'Booked at night', sql: "(extract(hour from s.booked_at at time zone 'UTC') < 6)::int" },
    { kind: 'category', name: 'channel', title: 'Channel', sql: 's.channel' },
    { kind: 'category', name: 'region', title: 'Region', sql: 's.region' },
    { kind: 'category', name: 'currency', title: 'Currency', sql: 's.currency' },
    { kind: 'text', name: 'description', title: 'Description', sql: 's.description', buckets: 512 },
    { kind: 'text', name: 'note', title: "The flagger's note", sql: 'e.note', buckets: 1_024 },
  ],
  labels: [
    { class: 'no_issue', title: 'No issue' },
    { class: 'duplicate', title: 'Duplicate' },
    { class: 'wrong_currency', title: 'Wrong currency' },
    { class: 'amount_mismatch', title: 'Amount mismatch' },
    { class: 'missing_counterpart', title: 'Missing counterpart' },
    { class: 'suspected_fraud', title: 'Suspected fraud' },
    { class: 'timing', title: 'Timing' },
  ],
  roles: {
    flag: ['analyst', 'approver', 'finance', 'agent'],
    approve: ['approver', 'finance'],
    read: ['analyst', 'approver', 'finance', 'sales', 'supply', 'auditor', 'administrator', 'agent'],
    work: ['agent'],
    administer: ['administrator'],
  },
  restrictions: {
    sales: { rows: { column: 'region', claim: 'region' } },
    supply: { hidden: ['account', 'description'] },
    agent: { hidden: ['account'] },
  },
  learning: { minimumExamples: 200, l2: 2e-4, seed: 20_260_101 },
});
