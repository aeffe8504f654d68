import { Select, SimpleGrid } from '@mantine/core';
import type { TableDescription } from '#contracts/http/tables';
import { titleOf, useTables } from '../table-list.ts';
import type { ColumnDraft } from './column-draft.ts';

interface TargetProps {
  schema: string;
  value: ColumnDraft['target'];
  set: (target: ColumnDraft['target']) => void;
  error: string | undefined;
}

/** The table, and the unique column of it, that a reference means: its values are the list to choose from. */
export function TargetField({ schema, value, set, error }: TargetProps) {
  const tables = (useTables().data ?? []).filter(({ archived, key }) => !archived && key.length > 0);
  const id = (table: { schema: string; name: string }): string => JSON.stringify([table.schema, table.name]);
  const chosen = value && tables.find((table) => table.schema === (value.schema || schema) && table.name === value.table);
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
      <Select
        label="Table"
        required
        searchable
        allowDeselect={false}
        nothingFoundMessage="No such table"
        data={tables.map((table) => ({ value: id(table), label: table.schema === schema ? titleOf(table) : `${titleOf(table)} (${table.schema})` }))}
        value={chosen ? id(chosen) : null}
        error={error}
        onChange={(next) => {
          const table = tables.find((each) => id(each) === next);
          if (table) set({ schema: table.schema, table: table.name, column: '' });
        }}
      />
      <Select
        label="Column"
        description=""
        disabled={!chosen}
        allowDeselect={false}
        data={chosen ? columnsOf(chosen) : []}
        value={chosen && value ? value.column || (chosen.key.length === 1 ? (chosen.key[0] ?? null) : null) : null}
        onChange={(column) => value && set({ ...value, column: column ?? '' })}
      />
    </SimpleGrid>
  );
}

/** Those whose values are unique: the key where it is one column, and the others that are. */
function columnsOf({ columns, key }: TableDescription): string[] {
  return columns.filter(({ name, unique }) => unique || (key.length === 1 && key[0] === name)).map(({ name }) => name);
}
