import { SimpleGrid, Textarea, TextInput } from '@mantine/core';
import type { Ref } from 'react';
import { nameFrom } from './column-draft.ts';

/** What a table and a column have alike. */
interface Named {
  label: string;
  name: string;
  description: string;
}

interface FieldsProps {
  draft: Named;
  put: (change: Partial<Named>) => void;
}

interface NameFieldsProps extends FieldsProps {
  lacking: string | undefined;
  /** It has no name yet that anybody relies on. */
  isNew: boolean;
  first?: Ref<HTMLInputElement>;
}

/** Label and name. As long as nobody chose a name, it follows what people call it. */
export function NameFields({ draft, put, lacking, isNew, first }: NameFieldsProps) {
  const follows = isNew && draft.name === nameFrom(draft.label);
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
      <TextInput
        label="Label"
        description="What people call it"
        ref={first}
        maxLength={200}
        value={draft.label}
        onChange={(event) => put({ label: event.currentTarget.value, ...(follows ? { name: nameFrom(event.currentTarget.value) } : {}) })}
      />
      <TextInput
        label="Name"
        description="In SQL and in the API"
        required
        value={draft.name}
        error={lacking}
        onChange={(event) => put({ name: event.currentTarget.value })}
      />
    </SimpleGrid>
  );
}

export function DescriptionField({ draft, put }: FieldsProps) {
  return (
    <Textarea
      label="Description"
      autosize
      minRows={1}
      maxRows={5}
      maxLength={2000}
      value={draft.description}
      onChange={(event) => put({ description: event.currentTarget.value })}
    />
  );
}
