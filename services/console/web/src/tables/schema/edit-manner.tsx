import { Alert } from '@mantine/core';
import type { EditReport } from '#contracts/http/tables';

/** How an edit of a large table is done, and whom it holds up; nothing where nobody would notice. */
export function EditManner({ reports }: { reports: readonly EditReport[] }) {
  const blocks = reports.flatMap((report) => report.blocks ?? []);
  if (blocks.length > 0)
    return (
      <Alert color="orange" title="Everybody else waits meanwhile" role="note">
        The table is large, and this is done in one go: whoever reads or writes the table waits until it is done. Steps, which would let them pass, are not
        possible here: {blocks.join('; ')}.
      </Alert>
    );
  if (!reports.some(({ inSteps }) => inSteps)) return null;
  return (
    <Alert color="blue" title="It goes on in steps" role="note">
      The table is large, so this takes a while. Everybody goes on reading and writing the table; only its design takes no other edit meanwhile. It can be
      cancelled, and then the table is as it was.
    </Alert>
  );
}
