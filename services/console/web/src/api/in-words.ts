import { ApiError } from './api-error.ts';

/** What went wrong and what to do, for the person at the screen. */
export interface InWords {
  title: string;
  detail: string;
  /** Someone else was faster: the page should show what is now. */
  stale: boolean;
}

export function inWords(error: unknown): InWords {
  if (!(error instanceof ApiError)) return { title: 'Something went wrong', detail: error instanceof Error ? error.message : String(error), stale: false };
  const detail = sentence(error.message) + (error.hint ? ` ${sentence(error.hint)}` : '');
  if (error.status === 0) return { title: 'No connection', detail: 'The server can’t be reached. Nothing was saved; try again in a moment.', stale: false };
  if (error.status === 401) return { title: 'Signed out', detail: 'Your session has ended. Sign in again to go on.', stale: false };
  if (error.status === 403 && error.message.startsWith('four eyes'))
    return { title: 'Four eyes', detail: 'You flagged this case, so someone else has to decide it.', stale: false };
  if (error.status === 403) return { title: 'Not allowed', detail, stale: false };
  if (error.status === 409 && error.state !== undefined)
    return { title: 'Someone was faster', detail: `This case is already ${error.state}; it is shown as it is now. What you did was not saved.`, stale: true };
  // The index that allows one open case a row (services/workflow/src/cases/compile-tables.ts).
  if (error.status === 409 && error.message.includes('flags_one_open_case'))
    return { title: 'Already flagged', detail: 'There is an open case for this row already. It is in the queue.', stale: true };
  if (error.status === 409 && error.code === '23505')
    return { title: 'There already', detail: 'It must be unique, and something else has it already.', stale: true };
  if (error.status === 412)
    return { title: 'Changed meanwhile', detail: 'Someone changed this row after you opened it. It is shown as it is now.', stale: true };
  if (error.status >= 500) return { title: 'The server has a problem', detail: `${detail} Nothing was saved; try again in a moment.`, stale: false };
  return { title: 'That was refused', detail, stale: error.status === 409 };
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === '' ? '' : trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? '' : '.');
}
