import { SegmentedControl, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import type { TableDescription } from '#contracts/http/tables';
import { keyText } from '#libs/client/history/row-key';
import { useEdits } from '../schema/edits-api.ts';
import { titleOf } from '../table-list.ts';
import type { TableToolProps } from '../table-tool.ts';
import { ToolDrawer } from '../tool-drawer.tsx';
import { keyInWords, type Key } from './change-words.ts';
import { ComparePanel } from './compare-panel.tsx';
import { Happenings, type HappeningActs } from './happenings.tsx';
import './history.css';
import { HistoryFilter } from './history-filter.tsx';
import type { Undoing } from './history-api.ts';
import { EVERYTHING } from './timeline.ts';
import { UndoDialog } from './undo-dialog.tsx';

interface Asked {
  undoing: Undoing;
  title: string;
}

/** What happened to a table or to one of its rows, and taking it back. */
export function HistoryPanel({ table, rowKey, close, refresh }: TableToolProps) {
  const [row, setRow] = useState<Key | undefined>(rowKey);
  const [whole, setWhole] = useState(rowKey === undefined);
  const [asked, setAsked] = useState<Asked>();
  const openRow = (key: Key): void => {
    setRow(key);
    setWhole(false);
  };
  return (
    <>
      <ToolDrawer title={`History of ${titleOf(table)}`} width={680} close={close} held={asked !== undefined}>
        <Stack gap="sm">
          {row !== undefined && (
            <SegmentedControl
              size="xs"
              aria-label="Of what"
              value={whole ? 'table' : 'row'}
              onChange={(value) => setWhole(value === 'table')}
              data={[
                { value: 'row', label: `Row ${keyInWords(row).slice(0, 40)}` },
                { value: 'table', label: 'Whole table' },
              ]}
            />
          )}
          {whole || row === undefined ? (
            <TableHistory table={table} ask={setAsked} openRow={openRow} />
          ) : (
            <RowHistory key={keyText(row)} table={table} rowKey={row} ask={setAsked} />
          )}
        </Stack>
      </ToolDrawer>
      {asked && <UndoDialog {...asked} close={() => setAsked(undefined)} done={refresh} />}
    </>
  );
}

/** What may be asked of any change. */
function actsOf(ask: (asked: Asked) => void): Pick<HappeningActs, 'undo' | 'undoRequest'> {
  return {
    undo: ({ id }) => ask({ undoing: { what: 'change', id }, title: 'Undo this change' }),
    undoRequest: ({ request }) => ask({ undoing: { what: 'request', id: request ?? '' }, title: 'Undo all that this request changed' }),
  };
}

interface HistoryOfProps {
  table: TableDescription;
  ask: (asked: Asked) => void;
}

function TableHistory({ table, ask, openRow }: HistoryOfProps & { openRow: (key: Key) => void }) {
  const [filter, setFilter] = useState(EVERYTHING);
  const [settled] = useDebouncedValue(filter, 350);
  const edits = useEdits(table);
  const acts = { ...actsOf(ask), restore: undefined, openRow };
  return (
    <>
      <HistoryFilter filter={filter} set={setFilter} />
      <Happenings table={table} rowKey={undefined} filter={settled} edits={edits.data ?? []} acts={acts} />
    </>
  );
}

function RowHistory({ table, rowKey, ask }: HistoryOfProps & { rowKey: Key }) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  // A third one takes the place of the older choice.
  const choose = (id: string): void => setChosen((before) => (before.includes(id) ? before.filter((each) => each !== id) : [...before.slice(-1), id]));
  const [from, to] = chosen.toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
  const restore: HappeningActs['restore'] = ({ id }, latest) =>
    ask({ undoing: { what: 'version', table, key: rowKey, id, latest }, title: 'Restore this version' });
  return (
    <>
      <Text size="xs" c="dimmed">
        Tick two versions to compare them.
      </Text>
      {from !== undefined && to !== undefined && <ComparePanel table={table} rowKey={rowKey} from={from} to={to} close={() => setChosen([])} />}
      <Happenings
        table={table}
        rowKey={rowKey}
        filter={EVERYTHING}
        edits={[]}
        acts={{ ...actsOf(ask), restore, openRow: undefined }}
        compare={{ chosen, choose }}
      />
    </>
  );
}
