import { Button, Group, Stack, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { type Intent, newIntent } from '../api/rows.ts';
import { Refusal } from '../subjects/flag-dialog.tsx';

interface ActFormProps {
  /** Label of the button. */
  act: string;
  /** Label of the words that go with it. */
  words: string;
  required?: boolean;
  disabled?: boolean;
  /** Carries it out; throws a refusal. */
  send: (words: string, intent: Intent) => Promise<unknown>;
  /** Told to the person afterwards. */
  done: string;
  onDone?: () => void;
  /** Fields before the words. */
  children?: ReactNode;
  /** Beside the button. */
  aside?: ReactNode;
  color?: string;
}

/** An act with a reason: one form for all of them. The same attempt, sent twice, happens once. */
export function ActForm({ act, words: label, required = true, disabled = false, send, done, onDone, children, aside, color }: ActFormProps) {
  const [words, setWords] = useState('');
  const [intent, setIntent] = useState(() => newIntent());
  const acting = useMutation({
    mutationFn: () => send(words.trim(), intent),
    onSuccess: () => {
      setWords('');
      notifications.show({ color: 'teal', title: done, message: '', autoClose: 3_000 });
      onDone?.();
    },
    // What was answered is settled: another attempt is another act.
    onSettled: () => setIntent(newIntent()),
  });
  const complete = !disabled && (!required || words.trim() !== '');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (complete) acting.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        {children}
        <Textarea
          label={label}
          size="sm"
          autosize
          minRows={1}
          maxRows={6}
          maxLength={4000}
          required={required}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
        {acting.error && <Refusal error={acting.error} />}
        <Group justify="flex-end" gap="xs">
          {aside}
          <Button type="submit" size="xs" color={color} loading={acting.isPending} disabled={!complete}>
            {act}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
