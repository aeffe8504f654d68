import { Failure } from '#libs/failure/failure';
import type { FailureKind } from '#libs/failure/failure-kind';
import { classify } from '#libs/failure/classify';

/** SQLSTATEs that mean something of their own on a replication connection. */
const ON_REPLICATION: Readonly<Record<string, FailureKind>> = {
  // The slot is in use by another session.
  '55006': 'conflict',
  // The slot was invalidated, or its WAL is gone.
  '55000': 'position-lost',
  '58P01': 'position-lost',
  // Slot or publication does not exist, or did not when the change was written.
  '42704': 'position-lost',
};

/** Turns an ErrorResponse's body into a Failure with the SQLSTATE in `detail.code`. */
export function serverError(body: Buffer): Failure {
  const fields = parseFields(body);
  const code = fields.get('C') ?? '';
  const message = [fields.get('M') ?? 'the server reported an error', fields.get('D')].filter((part) => part !== undefined).join(': ');
  if (isTooLarge(message)) return unsendable(message, code);
  const kind = ON_REPLICATION[code] ?? classify(Object.assign(new Error(message), { code })).kind;
  return new Failure(kind, message, { detail: { code } });
}

/** A notice that says the server leaves changes out (18 and newer, where the publication did not exist when they were written); null for any other. */
export function lossNotice(body: Buffer): Failure | null {
  const fields = parseFields(body);
  if (fields.get('C') !== '55000') return null;
  return new Failure('position-lost', `${[fields.get('M'), fields.get('D')].join(': ')} What was committed meanwhile is not in the stream`);
}

function parseFields(body: Buffer): Map<string, string> {
  const parts = body.toString('utf8').split('\0');
  return new Map(parts.filter((part) => part !== '').map((part) => [part.charAt(0), part.slice(1)]));
}

/** What a server says whose text of a row is over its own limit of 1 GB, whatever the SQLSTATE. */
function isTooLarge(message: string): boolean {
  return /invalid memory alloc request size|[Cc]annot enlarge string buffer|string buffer exceeds maximum allowed length/.test(message);
}

function unsendable(message: string, code: string): Failure {
  const remedy =
    'a change takes more than the 1 GB that the server can send of a row: leave its large columns out of the publication (a column list in ALTER PUBLICATION), move the slot past its commit' +
    ' with pg_replication_slot_advance, start with CDC_ADOPT_POSITION=1, and ask for a snapshot of the table';
  return new Failure('unsupported', `${message}: ${remedy}`, { detail: { code } });
}
