import { asText } from '../api/as-text.ts';
import type { Row } from '../api/rows.ts';

export interface Approval {
  version: number;
  state: string;
  note: string;
  proposedBy: string;
  proposedAt: string;
  decidedBy: string;
  decidedAt: string;
}

export function approvalOf(row: Row): Approval {
  return {
    version: Number(row.version),
    state: asText(row.state),
    note: asText(row.note),
    proposedBy: asText(row.proposed_by),
    proposedAt: asText(row.proposed_at),
    decidedBy: asText(row.decided_by),
    decidedAt: asText(row.decided_at),
  };
}

/** What this person can do with a version; the database decides, this explains. */
export interface ApprovalChoice {
  propose: boolean;
  decide: boolean;
  /** Why nothing, or not everything, can be done. */
  explanation: string | undefined;
}

export function approvalChoice(approval: Approval | undefined, who: { subject: string; propose: boolean; decide: boolean }): ApprovalChoice {
  const nothing = { propose: false, decide: false };
  if (!who.propose) return { ...nothing, explanation: 'Your role reads approvals; it neither proposes nor decides them.' };
  if (!approval) return { propose: true, decide: false, explanation: undefined };
  if (approval.state !== 'proposed') return { ...nothing, explanation: undefined };
  if (approval.proposedBy === who.subject) return { ...nothing, explanation: 'Four eyes: you proposed this version, so someone else has to decide it.' };
  if (!who.decide) return { ...nothing, explanation: 'Finance or an approver decides it.' };
  return { propose: false, decide: true, explanation: undefined };
}
