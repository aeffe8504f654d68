import type { Person } from './person.ts';

/** The rows of one exceptions case, as far as the scenarios look at them. */
export interface Flag {
  id: string;
  transaction_id: number;
  state: string;
  flagged_by: string;
  trace_id: string;
}
export interface Recommendation {
  id: string;
  flag_id: string;
  class: string;
  confidence: number;
  contributions: { feature: string; contribution: number }[];
}
export interface Disposition {
  id: string;
  flag_id: string;
  action: string;
  class: string;
  decided_by: string;
}

let serial = 0;

/** A transaction that looks wrong: another currency and amount than expected. */
export function suspectTransaction(): Record<string, unknown> {
  serial += 1;
  return {
    account: `ACC-${1000 + (serial % 50)}`,
    counterparty: 'Nordwind GmbH',
    amount: 1250.5 + serial,
    currency: 'USD',
    expected_amount: 1250.5 + serial,
    expected_currency: 'EUR',
    booked_at: new Date().toISOString(),
    value_date: new Date().toISOString().slice(0, 10),
    channel: 'wire',
    region: 'EMEA',
    description: 'invoice settlement',
    reference: `E2E-${process.pid}-${serial}`,
  };
}

/** A new transaction by `owner`, flagged with a note by `flagger`; `onFlag` is told just before the flag is sent. */
export async function openCase(owner: Person, flagger: Person, surely = false, onFlag: () => void = () => undefined): Promise<Flag> {
  const insert = <T>(person: Person, table: string, row: Record<string, unknown>): Promise<T> =>
    surely ? person.insertSurely<T>('exceptions', table, row) : person.insert<T>('exceptions', table, row);
  const transaction = await insert<{ id: number }>(owner, 'transactions', suspectTransaction());
  onFlag();
  return insert<Flag>(flagger, 'flags', { transaction_id: transaction.id, note: 'booked in dollars although the contract says euro' });
}
