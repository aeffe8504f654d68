import type { FlowDescription } from '#contracts/http/flows';
import type { Row } from '../api/rows.ts';
import type { WholeCase } from './case-query.ts';
import { allows, isOpen } from './machine.ts';

export const DECISIONS = ['approve', 'override', 'correct'] as const;
export type Decision = (typeof DECISIONS)[number];

/** What a person may do with a case now, or why nothing. */
export interface Choices {
  decide: boolean;
  withdraw: boolean;
  /** Why not to decide, for the person. */
  explanation: string | undefined;
}

/** What the buttons go by; the database decides in the end, by the same rules. */
export function choices(flow: FlowDescription, whole: WholeCase, user: { subject: string; role: string }): Choices {
  const { state, flaggedBy } = whole.case;
  const own = flaggedBy === user.subject;
  const withdraw = own && allows(flow, state, 'withdraw') && flow.roles.flag.includes(user.role);
  const no = (explanation?: string): Choices => ({ decide: false, withdraw, explanation });
  if (!isOpen(flow, state)) return no();
  if (!flow.roles.approve.includes(user.role)) return no(`Cases are decided by ${listed(flow.roles.approve)}; your role is ${user.role}.`);
  if (own) return no('You flagged this case, so someone else has to decide it (four eyes).');
  if (!allows(flow, state, 'approve')) return no('It can be decided once the recommendation is there.');
  return { decide: true, withdraw, explanation: undefined };
}

/** The disposition row of a decision. Corrections hold only the fields that were changed. */
export function dispositionRow(flagId: string, form: { decision: Decision; label: string; reason: string; corrected: Readonly<Record<string, string>> }): Row {
  const { decision, label, corrected } = form;
  const reason = form.reason.trim();
  return {
    flag_id: flagId,
    action: decision,
    ...(decision === 'approve' ? {} : { class: label }),
    ...(reason === '' ? {} : { reason }),
    ...(decision === 'correct' ? { correction: corrected } : {}),
  };
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? 'nobody') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
