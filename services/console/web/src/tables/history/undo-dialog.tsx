import { Alert, Button, Checkbox, Group, Loader, Modal, Progress, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { UndoProgress, UndoReport } from '#contracts/http/history';
import { ApiError } from '../../api/api-error.ts';
import { lakeloop } from '../../api/lakeloop.ts';
import { Refusal } from '../../subjects/flag-dialog.tsx';
import { formatValue } from '../../subjects/format-value.ts';
import { count, effectInWords, keyInWords, listed } from './change-words.ts';
import { takeBack, type Undoing, useForgetHistory } from './history-api.ts';

/** Rows and conflicts that are listed; what is more is counted. */
const SHOWN = 12;

interface UndoProps {
  undoing: Undoing;
  /** `Undo this change`, `Restore this version`: the title of the dialog. */
  title: string;
  close: () => void;
  /** After it is done. */
  done: () => void;
}

/** Says what taking something back would do, and who changed it since, before anything is written; then does it. */
export function UndoDialog(props: UndoProps) {
  return (
    <Modal opened onClose={props.close} title={<b>{props.title}</b>} size="lg">
      <UndoForm {...props} />
    </Modal>
  );
}

function useUndo({ undoing, close, done }: UndoProps) {
  const forget = useForgetHistory();
  const [progress, onProgress] = useState<UndoProgress>();
  const trial = useQuery({
    queryKey: ['history', 'trial', undoing],
    queryFn: () => takeBack(undoing, { dryRun: true, force: false, reason: '', onProgress }),
    gcTime: 0,
    retry: false,
  });
  const undo = useMutation({
    mutationFn: (asked: { force: boolean; reason: string }) => takeBack(undoing, { dryRun: false, ...asked, onProgress }),
    onSuccess: ({ rows }) => {
      notifications.show({ color: 'teal', title: 'Taken back', message: `${count(rows, 'row')} written, as a change of yours.` });
      void forget();
      done();
      close();
    },
    onError: (error) => {
      // Somebody was faster than the dialog: it says by now who.
      if (error instanceof ApiError && error.status === 409) void trial.refetch();
    },
  });
  return { trial, undo, progress };
}

function UndoForm(props: UndoProps) {
  const { trial, undo, progress } = useUndo(props);
  const [reason, setReason] = useState('');
  const [force, setForce] = useState(false);
  if (trial.isPending) return progress ? <Under progress={progress} /> : <Loader size="sm" aria-label="Trying it" />;
  if (trial.isError) return <Refusal error={trial.error} />;
  if (undo.isPending && progress && !progress.dryRun) return <Under progress={progress} />;
  const report = trial.data;
  const blocked = report.rows === 0 || (report.conflicts.length > 0 && !force);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!blocked) undo.mutate({ force, reason });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm" component="output">
          {effectInWords(report)} {report.rows > 0 && 'It is a change of its own, which can be taken back too.'}
        </Text>
        {report.rows > 0 && <Actions report={report} />}
        {report.conflicts.length > 0 && <Conflicts report={report} force={force} setForce={setForce} />}
        {report.rows > 0 && (
          <TextInput
            label="Reason"
            description="Optional, kept in the history"
            maxLength={2000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
        )}
        {undo.error && <Refusal error={undo.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={props.close}>
            {report.rows === 0 ? 'Close' : 'Cancel'}
          </Button>
          {report.rows > 0 && (
            <Button type="submit" color={force ? 'red' : undefined} loading={undo.isPending} disabled={blocked} data-autofocus>
              {force ? 'Take back anyway' : 'Take back'}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}

const PHASES = { plan: 'Looking for what was changed', write: 'Writing', check: 'Looking once more who changed it since' } as const;

/** An undo of many rows, under way in the server: closing the dialog does not end it. */
function Under({ progress: { id, phase, rows, total, percent } }: { progress: UndoProgress }) {
  const cancel = useMutation({ mutationFn: () => lakeloop().cancelUndo(id) });
  return (
    <Stack>
      <Text size="sm" component="output">
        {PHASES[phase]}
        {phase === 'write' && total !== null && `: ${rows.toLocaleString()} of ${count(total, 'row')}`}
      </Text>
      <Progress value={phase === 'plan' ? 0 : percent} aria-label="How far it is" />
      <Group justify="flex-end">
        <Button variant="default" loading={cancel.isPending || cancel.isSuccess} onClick={() => cancel.mutate()}>
          Cancel
        </Button>
      </Group>
    </Stack>
  );
}

/** What the database keeps by itself is not what anybody takes back. */
const STAMPS = new Set(['created_at', 'created_by', 'updated_at', 'updated_by']);
const VERBS = { insert: 'comes back', update: 'goes back in', delete: 'is deleted' } as const;

function Actions({ report: { rows, actions } }: { report: UndoReport }) {
  const tables = new Set(actions.map(({ table }) => table));
  return (
    <ul className="plain undo-actions" aria-label="What it does">
      {actions.slice(0, SHOWN).map((action) => (
        <li key={`${action.table} ${JSON.stringify(action.key)}`}>
          {tables.size > 1 && <span className="dimmed">{action.table} </span>}
          <b>{keyInWords(action.key)}</b> {VERBS[action.action]} {action.action === 'update' && listed(action.columns.filter((name) => !STAMPS.has(name)))}
        </li>
      ))}
      {rows > SHOWN && <li className="dimmed">and {count(rows - Math.min(SHOWN, actions.length), 'row')} more</li>}
    </ul>
  );
}

function Conflicts({ report: { conflicts, conflictCount }, force, setForce }: { report: UndoReport; force: boolean; setForce: (force: boolean) => void }) {
  return (
    <Alert color="orange" title={`${count(conflictCount, 'row')} changed since`}>
      <Stack gap="xs">
        <ul className="plain" aria-label="Changed since">
          {conflicts.slice(0, SHOWN).map((conflict) => (
            <li key={`${conflict.table} ${conflict.change}`}>
              <b>{keyInWords(conflict.key)}</b> by {conflict.actor}, {formatValue(conflict.at, 'timestamptz')}
            </li>
          ))}
          {conflictCount > SHOWN && <li>and {count(conflictCount - SHOWN, 'row')} more</li>}
        </ul>
        <Checkbox
          label="Take back anyway"
          description="Puts back what was changed, over what they wrote in the same columns. Their changes of other columns stay."
          checked={force}
          onChange={(event) => setForce(event.currentTarget.checked)}
        />
      </Stack>
    </Alert>
  );
}
