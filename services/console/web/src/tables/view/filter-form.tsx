import { Button, MultiSelect, Select, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { GridColumn } from '../columns/grid-column.ts';
import { readCell } from '../columns/read-cell.ts';
import { localHabits } from '../columns/read-time.ts';
import { plainCell } from '../columns/show-cell.ts';
import { localText } from './filter-words.ts';
import { operatorsOf } from './operators.ts';
import type { Filter } from './table-view.ts';

const HABITS = localHabits();

interface FilterFormProps {
  columns: readonly GridColumn[];
  /** The one to change; undefined: another one. */
  filter: Filter | undefined;
  put: (filter: Filter) => void;
}

/** Column, condition and value of a filter. */
export function FilterForm(props: FilterFormProps) {
  const { columns } = props;
  const form = useFilterForm(props);
  const { column, operators, operator } = form;
  return (
    <form onSubmit={form.submit}>
      <Stack gap="xs">
        <Select
          label="Column"
          size="xs"
          searchable
          allowDeselect={false}
          comboboxProps={{ withinPortal: false }}
          data={columns.map(({ name, title }) => ({ value: name, label: title }))}
          value={column?.name ?? null}
          onChange={(next) => form.choose({ name: next ?? '', values: [] })}
        />
        <Select
          label="Condition"
          size="xs"
          allowDeselect={false}
          comboboxProps={{ withinPortal: false }}
          data={operators.map(({ name, title }) => ({ value: name, label: title }))}
          value={operator?.name ?? null}
          onChange={(next) => form.choose({ operator: next ?? '' })}
        />
        {operator && column && (
          <ValueField
            takes={operator.takes}
            options={column.spec.options}
            values={form.values}
            problem={form.problem}
            put={(values) => form.choose({ values })}
          />
        )}
        <Button type="submit" size="compact-sm">
          Show these rows
        </Button>
      </Stack>
    </form>
  );
}

interface ValueFieldProps {
  takes: 'nothing' | 'one' | 'many';
  options: readonly string[] | undefined;
  values: readonly string[];
  problem: string | undefined;
  put: (values: readonly string[]) => void;
}

function ValueField({ takes, options, values, problem, put }: ValueFieldProps) {
  if (takes === 'nothing') return undefined;
  if (takes === 'one')
    return <TextInput label="Value" size="xs" data-autofocus error={problem} value={values[0] ?? ''} onChange={(event) => put([event.currentTarget.value])} />;
  return (
    <MultiSelect
      label="Values"
      size="xs"
      error={problem}
      comboboxProps={{ withinPortal: false }}
      data={[...(options ?? [])]}
      value={[...values]}
      onChange={put}
    />
  );
}

interface Draft {
  name: string;
  operator: string;
  values: readonly string[];
}

function useFilterForm({ columns, filter, put }: FilterFormProps) {
  const [draft, setDraft] = useState<Draft>(() => draftOf(filter, columns));
  const [problem, setProblem] = useState<string>();
  const column = columns.find(({ name }) => name === draft.name);
  const operators = column ? operatorsOf(column) : [];
  const operator = operators.find(({ name }) => name === draft.operator) ?? operators[0];
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!column || !operator) return;
    const read = operator.takes === 'nothing' ? [] : draft.values.map((value) => canonical(column, value));
    const wrong = read.find((each) => 'problem' in each);
    if (wrong) setProblem(wrong.problem);
    else if (operator.takes !== 'nothing' && read.length === 0) setProblem('say what');
    else put({ column: column.name, operator: operator.name, values: read.map((each) => ('value' in each ? each.value : '')) });
  };
  const choose = (change: Partial<Draft>): void => {
    setDraft((before) => ({ ...before, ...change }));
    setProblem(undefined);
  };
  return { column, operators, operator, values: draft.values, problem, choose, submit };
}

function draftOf(filter: Filter | undefined, columns: readonly GridColumn[]): Draft {
  const column = columns.find(({ name }) => name === filter?.column);
  if (filter && column) return { name: column.name, operator: filter.operator, values: filter.values.map((value) => localText(column, value)) };
  return { name: (columns.find(({ key }) => !key) ?? columns[0])?.name ?? '', operator: '', values: [] };
}

/** In the address values are spelled the same in every language. */
function canonical(column: GridColumn, text: string): { value: string } | { problem: string } {
  if (column.kind === 'choice' || column.kind === 'multi-choice' || column.valueKind === 'text')
    return text.trim() === '' ? { problem: 'say what' } : { value: text };
  const { scale: _scale, min: _min, max: _max, ...spec } = column.spec;
  const reading = readCell({ ...column, spec, required: true }, text, HABITS);
  return 'problem' in reading ? reading : { value: plainCell(reading.value) };
}
