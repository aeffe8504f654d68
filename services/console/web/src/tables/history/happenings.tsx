import { Button, Loader, Text } from '@mantine/core';
import { useMemo } from 'react';
import type { RowChange } from '#contracts/http/history';
import type { SchemaEdit, TableDescription } from '#contracts/http/tables';
import { ApiError } from '../../api/api-error.ts';
import { useNow } from '../../live/use-now.ts';
import { Problem, Message } from '../../shell/message.tsx';
import { type ChangeActs, ChangeCard } from './change-card.tsx';
import type { Key } from './change-words.ts';
import { EditCard } from './edit-card.tsx';
import { useHistory } from './history-api.ts';
import { type Filter, filterQuery, timelineOf } from './timeline.ts';

export interface HappeningActs extends Pick<ChangeActs, 'undo' | 'undoRequest'> {
  /** Of one row alone: `latest` is the newest change that is shown. */
  restore: ((change: RowChange, latest: string) => void) | undefined;
  /** Of a whole table alone. */
  openRow: ((key: Key) => void) | undefined;
}

interface HappeningsProps {
  table: TableDescription;
  /** One row; undefined: the whole table. */
  rowKey: Key | undefined;
  filter: Filter;
  /** Edits of the schema, to be told among the changes. */
  edits: readonly SchemaEdit[];
  acts: HappeningActs;
  /** Ids of the versions that are chosen to be compared. */
  compare?: { chosen: readonly string[]; choose: (id: string) => void };
}

/** What happened, newest first; older things come when they are asked for. */
export function Happenings({ table, rowKey, filter, edits, acts, compare }: HappeningsProps) {
  const history = useHistory(table, rowKey, filter);
  const now = useNow();
  const changes = useMemo(() => (history.data?.pages ?? []).flatMap((page) => page.changes), [history.data]);
  const all = useMemo(
    () => timelineOf(changes, rowKey === undefined ? edits : [], filter, !history.hasNextPage),
    [changes, edits, filter, rowKey, history.hasNextPage],
  );
  if (history.isPending) return <Loader size="sm" aria-label="Loading" m="md" />;
  if (history.error instanceof ApiError && history.error.status === 404) return <Message title="No history">{notAdopted(table)}</Message>;
  if (history.isError) return <Problem error={history.error} retry={() => void history.refetch()} />;
  const { restore, openRow } = acts;
  const cardActs: ChangeActs = {
    ...acts,
    restore: restore && ((change) => restore(change, changes[0]?.id ?? change.id)),
    openRow: openRow && (({ key }) => key && openRow(key)),
  };
  const filtered = Object.keys(filterQuery(filter)).length > 0;
  return (
    <>
      {all.length === 0 && !history.hasNextPage && (
        <Message title={filtered ? 'Nothing like that' : 'Nothing happened yet'}>
          {filtered ? 'Nobody did anything that fits. Names are those of the sign-in.' : 'Changes appear here from the moment that somebody makes one.'}
        </Message>
      )}
      <ol className="happenings" aria-label="What happened, newest first">
        {all.map((happening) =>
          happening.kind === 'edit' ? (
            <EditCard key={`edit ${happening.edit.id}`} table={table} edit={happening.edit} now={now} />
          ) : (
            <ChangeCard
              key={happening.change.id}
              table={table}
              change={happening.change}
              acts={cardActs}
              now={now}
              opened={rowKey !== undefined}
              {...(compare && { compare: { chosen: compare.chosen.includes(happening.change.id), toggle: () => compare.choose(happening.change.id) } })}
            />
          ),
        )}
      </ol>
      <More history={history} end={all.length === 0 ? '' : filtered ? 'That is all that fits.' : 'That is all.'} />
    </>
  );
}

function More({ history, end }: { history: ReturnType<typeof useHistory>; end: string }) {
  if (history.hasNextPage)
    return (
      <Button size="xs" variant="default" loading={history.isFetchingNextPage} onClick={() => void history.fetchNextPage()}>
        Older changes
      </Button>
    );
  return (
    <Text size="xs" c="dimmed" ta="center">
      {end}
    </Text>
  );
}

function notAdopted({ adopted }: TableDescription): string {
  return adopted
    ? 'You may not read this table’s rows, nor what happened to them.'
    : 'This table is not adopted yet: its changes are kept from then on. “Design” does it.';
}
