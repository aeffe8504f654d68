import type { Caller } from './caller.ts';
import type { ParsedRequest } from './compile-request.ts';
import type { RowAnswer } from './row-request.ts';

/** A read of an agent's that is about to be answered. */
export interface AgentRead {
  schema: string;
  table: string;
  parsed: Pick<ParsedRequest, 'query' | 'range'>;
  caller: Caller;
  agent: string;
  home: 'postgres' | 'lakehouse' | 'both';
  answer: RowAnswer;
}

/** The record of what agents read. People's reads never come here. */
export abstract class ReadLog {
  /** The answer, once the read is on record; without a record, no rows: 503 (`PGRST133`), and a streamed answer is closed. */
  abstract record(read: AgentRead): Promise<RowAnswer>;
}
