import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { GridRow } from '../rows/grid-row.ts';

interface DeleteRowsProps {
  /** Undefined: closed. */
  rows: readonly GridRow[] | undefined;
  close: () => void;
  /** Throws a refusal. */
  remove: (rows: readonly GridRow[]) => Promise<void>;
  words: (error: unknown) => string;
}

/** Asks before rows go. They can be brought back. */
export function DeleteRowsDialog({ rows, close, remove, words }: DeleteRowsProps) {
  const deleting = useMutation({ mutationFn: remove, onSuccess: close });
  const count = rows?.length ?? 0;
  const leave = (): void => {
    deleting.reset();
    close();
  };
  return (
    <Modal opened={rows !== undefined} onClose={leave} returnFocus={false} title={`Delete ${count === 1 ? 'this row' : `${count.toLocaleString()} rows`}?`}>
      <Stack>
        <Text size="sm">All of them or none. Ctrl Z brings them back, and so does the history.</Text>
        {deleting.error && (
          <Alert color="red" title="Nothing was deleted">
            {words(deleting.error)}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={leave}>
            Cancel
          </Button>
          <Button color="red" loading={deleting.isPending} onClick={() => rows && deleting.mutate(rows)} data-autofocus>
            Delete
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
