import { Badge, Button, Checkbox, Group, Loader, SegmentedControl, Select, Text, TextInput, Title, Tooltip } from '@mantine/core';
import { useDocumentTitle, useHotkeys } from '@mantine/hooks';
import { IconArrowBackUp, IconEye, IconSearch } from '@tabler/icons-react';
import { type RefObject, useMemo, useRef, useState } from 'react';
import { Navigate, useParams } from 'react-router';
import { Message } from '../shell/message.tsx';
import { useCurrentUser } from '../session/current-user.ts';
import { type Adjustment, KIND_HINTS, KIND_TITLES, KINDS } from './adjustment.ts';
import { CellPanel } from './cell-panel.tsx';
import { cleared, pasted, type Place, typed } from './cell-write.ts';
import { cellKey, cellsOf, type Grid, type GridRow, rowsOf, usedRows } from './grid-model.ts';
import { PasteDialog } from './paste-dialog.tsx';
import { type PasteChange, type PastePlan, planPaste } from './paste-plan.ts';
import { usePlanning } from './planning-data.ts';
import { isTeam, type Team, TEAM_TITLES } from './reference.ts';
import { clamped, pointsOf, type Rectangle, rectangleOf, type Selection } from '../sheet/selection.ts';
import { SelectionSum } from './selection-sum.tsx';
import { TeamGrid } from './team-grid.tsx';
import { placeKey, type TeamTable, type TeamView } from './team-table.ts';
import { type TeamGridView, useGridView } from './use-grid-view.ts';
import { useBaseline } from './use-baseline.ts';
import { LOCAL } from './use-grid-keys.ts';
import { useTeamTable } from './use-team-table.ts';

/** A team's own table as a spreadsheet; for everybody else the same to read. */
export function TeamPage() {
  const { team } = useParams();
  return isTeam(team) ? <TeamRoom key={team} team={team} /> : <Navigate to="/planning/plan" replace />;
}

const START: Selection = { focus: { row: 0, column: 0 }, anchor: { row: 0, column: 0 } };

function TeamRoom({ team }: { team: Team }) {
  const { reference } = usePlanning();
  const editable = useCurrentUser().role === team;
  const { table, view } = useTeamTable(team);
  const controls = useGridView(reference, team);
  const grid = useGrid(view, controls);
  const ghostOf = useBaseline(controls.measure, controls.unit);
  const [chosen, setSelection] = useState<Selection>(START);
  const selection = clamped(chosen, { rows: grid.rows.length, columns: grid.periods.length, page: 1 });
  const place = placeAt(grid, selection.focus.row, selection.focus.column);
  const edit = useEdits(table, grid, controls);
  const comment = useRef<HTMLTextAreaElement>(null);
  const label = `${TEAM_TITLES[team]}: ${controls.measureName}, ${KIND_TITLES[controls.kind].toLowerCase()}`;
  return (
    <>
      <Heading team={team} editable={editable} view={view} undo={() => void table.undo()} />
      <Toolbar controls={controls} />
      <div className="sheet-page">
        <div className="sheet-main">
          <TeamGrid
            label={label}
            grid={grid}
            reference={reference}
            view={view}
            unit={controls.unit}
            signed={controls.kind !== 'absolute'}
            ghostOf={ghostOf}
            placeOf={controls.placeOf}
            editable={editable}
            selection={selection}
            onSelect={setSelection}
            onDismiss={(place) => table.dismiss(place)}
            onInsist={(place) => void table.insist(place)}
            onDetails={() => comment.current?.focus()}
            {...edit.actions}
            empty={<Empty view={view} filtered={controls.search !== '' || controls.onlyUsed} />}
          />
          <SelectionSum
            grid={grid}
            rectangle={rectangleOf(selection)}
            unit={controls.kind === 'percent' ? '%' : controls.unit}
            sending={editable ? view.sending.size : undefined}
          />
        </div>
        {place && <ChosenCell place={place} measure={controls.measure} editable={editable} comment={comment} table={table} />}
      </div>
      <PasteDialog plan={edit.pasting} reference={reference} unit={controls.unit} write={edit.paste} close={edit.close} />
    </>
  );
}

interface ChosenCellProps {
  place: Place;
  measure: string;
  editable: boolean;
  comment: RefObject<HTMLTextAreaElement | null>;
  table: TeamTable;
}

function ChosenCell({ place, table, ...props }: ChosenCellProps) {
  const { reference } = usePlanning();
  return (
    <CellPanel
      key={`${place.row.id}|${place.period}`}
      place={place}
      reference={reference}
      change={(entry, change) => void table.apply(placeKey(entry), { op: 'update', entry, change }, undefined)}
      {...props}
    />
  );
}

function useGrid(view: TeamView, controls: TeamGridView): Grid {
  const { reference } = usePlanning();
  const { measure, kind, unit, allLevels, onlyUsed, search } = controls;
  const used = useMemo(() => [...usedRows(view.entries.values(), measure)].toSorted().join('\n'), [view.entries, measure]);
  // The lines change only when another row is used: not with every amount.
  const rows = useMemo(() => rowsOf(reference, new Set(used.split('\n')), { allLevels, onlyUsed, search }), [reference, used, allLevels, onlyUsed, search]);
  return useMemo(
    () => ({ rows, periods: reference.periods, ...cellsOf(view.entries.values(), { measure, kind, unit }, reference) }),
    [rows, reference, view.entries, measure, kind, unit],
  );
}

function placeAt(grid: Grid, row: number, column: number): Place | undefined {
  const [line, period] = [grid.rows[row], grid.periods[column]];
  return line && period ? { row: line, period, cell: grid.cells.get(cellKey(line, period)) } : undefined;
}

/** What keys and clipboard do to the table. */
function useEdits(table: TeamTable, grid: Grid, controls: TeamGridView) {
  const [pasting, setPasting] = useState<PastePlan>();
  const begun = useRef<{ entry: Adjustment; seen: ReturnType<TeamTable['beginEdit']> }>(undefined);
  const place = (row: GridRow, period: string): Place => ({ row, period, cell: grid.cells.get(cellKey(row, period)) });
  const view = { measure: controls.measure, kind: controls.kind, unit: controls.unit };
  const actions = {
    onBegin: (cell: Place['cell']): void => {
      const [entry] = cell?.entries ?? [];
      begun.current = entry && { entry, seen: table.beginEdit(entry) };
      // Who gives the edit up never asks.
      begun.current?.seen.catch(() => undefined);
    },
    onCommit: (row: GridRow, period: string, amount: bigint): void => {
      const write = typed(place(row, period), amount, view);
      const was = begun.current;
      const known =
        write.op === 'update' && was?.entry.id === write.entry.id ? { write: { ...write, entry: was.entry }, seen: was.seen } : { write, seen: undefined };
      void table.apply(controls.placeOf(row, period), known.write, amount, known.seen);
    },
    onClear: (rectangle: Rectangle): void => {
      const places = placesIn(grid, rectangle);
      const [first] = places;
      if (first) void table.apply(controls.placeOf(first.row, first.period), cleared(places), undefined);
    },
    onPaste: (block: string[][], at: Rectangle): void => setPasting(planPaste(block, at, grid, LOCAL)),
    onUndo: (): void => void table.undo(),
  };
  return {
    actions,
    pasting,
    close: () => setPasting(undefined),
    paste: async (changes: readonly PasteChange[], comment: string): Promise<void> => table.insertAll(pasted(changes, view, comment)),
  };
}

function placesIn(grid: Grid, rectangle: Rectangle): Place[] {
  return pointsOf(rectangle).flatMap(({ row, column }) => {
    const place = placeAt(grid, row, column);
    return place?.cell ? [place] : [];
  });
}

function Heading({ team, editable, view, undo }: { team: Team; editable: boolean; view: TeamView; undo: () => void }) {
  useDocumentTitle(`${TEAM_TITLES[team]} · Planning`);
  return (
    <Group justify="space-between" mb="xs" mih={36}>
      <Group gap="sm">
        <Title order={1} size="h3">
          {TEAM_TITLES[team]}
        </Title>
        {!editable && (
          <Tooltip label={`Only ${TEAM_TITLES[team]} changes this table; you see every change as it happens`}>
            <Badge variant="light" color="gray" tt="none" size="lg" leftSection={<IconEye size={14} />}>
              read only
            </Badge>
          </Tooltip>
        )}
      </Group>
      {editable && (
        <Button
          variant="default"
          size="xs"
          leftSection={<IconArrowBackUp size={16} />}
          disabled={view.undoable === 0}
          onClick={undo}
          aria-label="Undo my last edit"
        >
          Undo
        </Button>
      )}
    </Group>
  );
}

function Toolbar({ controls }: { controls: TeamGridView }) {
  const { reference } = usePlanning();
  const search = useRef<HTMLInputElement>(null);
  useHotkeys([['/', () => search.current?.focus()]]);
  return (
    <Group gap="sm" mb="sm" className="toolbar">
      <SegmentedControl
        size="sm"
        aria-label="Measure"
        value={controls.measure}
        data={reference.measures.map(({ id, name }) => ({ value: id, label: name }))}
        onChange={(measure) => controls.set({ measure })}
      />
      <Tooltip label={KIND_HINTS[controls.kind]}>
        <SegmentedControl
          size="sm"
          aria-label="Kind of entry"
          value={controls.kind}
          data={KINDS.map((kind) => ({ value: kind, label: KIND_TITLES[kind] }))}
          onChange={(kind) => controls.set({ kind })}
        />
      </Tooltip>
      <Select
        size="sm"
        w={110}
        aria-label="Unit"
        allowDeselect={false}
        disabled={controls.kind === 'percent'}
        value={controls.unit ?? null}
        placeholder="%"
        data={controls.units}
        onChange={(unit) => controls.set({ unit: unit ?? '' })}
      />
      <TextInput
        ref={search}
        type="search"
        size="sm"
        w={210}
        aria-label="Search products and regions"
        placeholder="Search  ( / )"
        leftSection={<IconSearch size={16} />}
        value={controls.search}
        onChange={(event) => controls.set({ search: event.currentTarget.value })}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
      <Checkbox label="All levels" checked={controls.allLevels} onChange={(event) => controls.set({ levels: event.currentTarget.checked ? 'all' : '' })} />
      <Checkbox label="With entries" checked={controls.onlyUsed} onChange={(event) => controls.set({ rows: event.currentTarget.checked ? 'used' : '' })} />
    </Group>
  );
}

function Empty({ view, filtered }: { view: TeamView; filtered: boolean }) {
  if (view.live.connection === 'refused') return <Message title="No access to this table">Your role can’t read it, or your session has ended.</Message>;
  if (!view.live.ready)
    return (
      <Message title="Loading …">
        <Loader aria-label="Loading" size="sm" mt="sm" />
      </Message>
    );
  return (
    <Message title="Nothing here">{filtered ? 'No row matches the search and filter.' : <Text>There are no products and regions to plan for.</Text>}</Message>
  );
}
