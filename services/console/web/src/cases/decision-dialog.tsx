import { asText } from '../api/as-text.ts';
import { Button, Group, Modal, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { inWords } from '../api/in-words.ts';
import { insertRow, newIntent } from '../api/rows.ts';
import { columnTitle, labelTitle, useFlow } from '../flows/flows.ts';
import { Refusal } from '../subjects/flag-dialog.tsx';
import { percent } from '../subjects/format-value.ts';
import type { WholeCase } from './case-query.ts';
import { type Decision, dispositionRow } from './decision.ts';

const TITLES: Readonly<Record<Decision, string>> = { approve: 'Approve', override: 'Override', correct: 'Correct' };
const DONE: Readonly<Record<Decision, string>> = { approve: 'Approved', override: 'Overridden', correct: 'Corrected' };

interface DecisionProps {
  decision: Decision;
  whole: WholeCase;
  close: () => void;
  /** The case had moved on. */
  overtaken: (error: unknown) => void;
}

/** Decides a case: one form for the three ways. What is decided is final. */
export function DecisionDialog(props: DecisionProps) {
  return (
    <Modal opened onClose={props.close} title={TITLES[props.decision]} size={props.decision === 'correct' ? 'lg' : 'md'}>
      <DecisionForm {...props} />
    </Modal>
  );
}

function DecisionForm({ decision, whole, close, overtaken }: DecisionProps) {
  const flow = useFlow();
  const recommended = whole.recommendation?.class ?? '';
  const [label, setLabel] = useState<string | null>(decision === 'override' ? null : recommended);
  const [reason, setReason] = useState('');
  const [corrected, setCorrected] = useState<Record<string, string>>({});
  const decide = useDecision({ decision, whole, close, overtaken });
  const complete = decision === 'approve' || (label !== null && reason.trim() !== '' && (decision === 'override' || Object.keys(corrected).length > 0));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (complete) decide.mutate({ label: label ?? '', reason, corrected });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{explanation(decision, labelTitle(flow, recommended), whole.recommendation?.confidence ?? 0)}</Text>
        {decision !== 'approve' && <ClassField decision={decision} recommended={recommended} label={label} set={setLabel} />}
        {decision === 'correct' && <CorrectedFields whole={whole} corrected={corrected} set={setCorrected} />}
        <Textarea
          label="Reason"
          required={decision !== 'approve'}
          description={decision === 'approve' ? 'Optional' : undefined}
          autosize
          minRows={2}
          maxLength={4000}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        {decide.error && <Refusal error={decide.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={decide.isPending} disabled={!complete} data-autofocus={decision === 'approve' ? true : undefined}>
            {TITLES[decision]} case
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function ClassField({
  decision,
  recommended,
  label,
  set,
}: {
  decision: Decision;
  recommended: string;
  label: string | null;
  set: (label: string | null) => void;
}) {
  const flow = useFlow();
  const options = flow.labels.filter((option) => decision === 'correct' || option.class !== recommended);
  return (
    <Select label="Class" required data-autofocus value={label} data={options.map((option) => ({ value: option.class, label: option.title }))} onChange={set} />
  );
}

function useDecision({ decision, whole, close, overtaken }: DecisionProps) {
  const flow = useFlow();
  const queries = useQueryClient();
  const [intent] = useState(() => newIntent(whole.case.traceId));
  return useMutation({
    mutationFn: (form: { label: string; reason: string; corrected: Record<string, string> }) =>
      insertRow(flow.schema, 'dispositions', dispositionRow(whole.case.id, { decision, ...form }), intent),
    onSuccess: () => {
      close();
      notifications.show({ color: 'teal', title: DONE[decision], message: 'The case is decided.' });
      void queries.invalidateQueries({ queryKey: ['case', flow.name, whole.case.id] });
    },
    onError: (error) => {
      if (inWords(error).stale) overtaken(error);
    },
  });
}

/** The correctable columns with today's values; only what is changed counts. */
function CorrectedFields({ whole, corrected, set }: { whole: WholeCase; corrected: Record<string, string>; set: (corrected: Record<string, string>) => void }) {
  const flow = useFlow();
  const readable = flow.subject.correctable.filter((name) => flow.subject.columns.some((column) => column.name === name));
  const change = (name: string, text: string): void => {
    const { [name]: _before, ...others } = corrected;
    set(text === asText(whole.subject?.[name]) ? others : { ...others, [name]: text });
  };
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} component="fieldset" className="bare" aria-label="Corrected fields">
      {readable.map((name) => (
        <TextInput
          key={name}
          label={columnTitle(flow, name)}
          description={name in corrected ? `was ${asText(whole.subject?.[name]) || 'empty'}` : undefined}
          inputWrapperOrder={['label', 'input', 'description']}
          value={corrected[name] ?? asText(whole.subject?.[name])}
          onChange={(event) => change(name, event.currentTarget.value)}
        />
      ))}
    </SimpleGrid>
  );
}

function explanation(decision: Decision, label: string, confidence: number): string {
  if (decision === 'approve') return `The case becomes final as “${label}” (${percent(confidence)} confident).`;
  if (decision === 'override') return `The recommendation was “${label}”. Say what it is instead, and why; the next model learns from it.`;
  return 'Say what the row should have been. The row itself stays as it is; the correction is kept with the case.';
}
