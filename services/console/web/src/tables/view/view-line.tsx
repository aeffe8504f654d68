import { ActionIcon, Button, Group, TextInput, Tooltip } from '@mantine/core';
import { IconPencil, IconStar, IconStarFilled, IconTrash, IconUsers } from '@tabler/icons-react';
import { type ComponentType, type FormEvent, type RefObject, useEffect, useRef, useState } from 'react';
import type { SavedView } from '#contracts/http/table-views';
import type { ViewAct } from './saved-views.ts';

interface ViewLineProps {
  saved: SavedView;
  current: boolean;
  /** It is the person's default. */
  usual: boolean;
  go: () => void;
  act: (act: ViewAct) => Promise<unknown>;
}

/** One saved view, and what may be done with it. */
export function ViewLine(props: ViewLineProps) {
  const [doing, setDoing] = useState<'renaming' | 'deleting'>();
  const { saved, act } = props;
  const done = (): void => setDoing(undefined);
  if (doing === 'renaming') return <Rename saved={saved} act={act} done={done} />;
  if (doing === 'deleting') return <Delete saved={saved} act={act} done={done} />;
  return <Line {...props} begin={setDoing} />;
}

function Line({ saved, current, usual, go, act, begin }: ViewLineProps & { begin: (what: 'renaming' | 'deleting') => void }) {
  const { id, name, mine, shared, owner } = saved;
  const put = (change: ViewAct) => () => void act(change);
  return (
    <li className="view-line">
      <button type="button" aria-current={current || undefined} onClick={go} title={name}>
        <bdi>{name}</bdi>
        {!mine && <small> by {owner}</small>}
      </button>
      <Group gap={0} wrap="nowrap">
        <Tool
          icon={usual ? IconStarFilled : IconStar}
          label={usual ? `Open the table without ${name}` : `Open the table with ${name}`}
          pressed={usual}
          act={put({ act: 'default', id: usual ? null : id })}
        />
        {mine && (
          <>
            <Tool
              icon={IconUsers}
              label={shared ? `Stop sharing ${name}` : `Share ${name}`}
              pressed={shared}
              act={put({ act: 'change', id, shared: !shared })}
            />
            <Tool icon={IconPencil} label={`Rename ${name}`} act={() => begin('renaming')} />
            <Tool icon={IconTrash} label={`Delete the view ${name}`} act={() => begin('deleting')} />
          </>
        )}
      </Group>
    </li>
  );
}

interface ToolProps {
  icon: ComponentType<{ size?: number | string }>;
  label: string;
  pressed?: boolean;
  act: () => void;
}

function Tool({ icon: Icon, label, pressed, act }: ToolProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        size="sm"
        variant={pressed ? 'light' : 'subtle'}
        {...(pressed ? {} : { color: 'gray' })}
        aria-label={label}
        {...(pressed === undefined ? {} : { 'aria-pressed': pressed })}
        onClick={act}
      >
        <Icon size={13} />
      </ActionIcon>
    </Tooltip>
  );
}

interface DoingProps {
  saved: SavedView;
  act: (act: ViewAct) => Promise<unknown>;
  done: () => void;
}

function Rename({ saved: { id, name }, act, done }: DoingProps) {
  const [next, setNext] = useState(name);
  const field = useFocused<HTMLInputElement>();
  const rename = async (): Promise<void> => {
    if (await act({ act: 'change', id, name: next.trim() })) done();
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (next.trim() !== '') void rename();
  };
  return (
    <li>
      <form onSubmit={submit}>
        <Group gap={6} wrap="nowrap">
          <TextInput
            size="xs"
            flex={1}
            ref={field}
            maxLength={80}
            aria-label={`New name of ${name}`}
            value={next}
            onChange={(event) => setNext(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Escape') return;
              event.stopPropagation();
              done();
            }}
          />
          <Button type="submit" size="xs">
            Rename
          </Button>
        </Group>
      </form>
    </li>
  );
}

function Delete({ saved: { id, name, shared }, act, done }: DoingProps) {
  const button = useFocused<HTMLButtonElement>();
  const remove = async (): Promise<void> => {
    await act({ act: 'delete', id });
    done();
  };
  return (
    <li className="view-line">
      <span>
        Delete <bdi>{name}</bdi>
        {shared ? ', for everybody' : ''}?
      </span>
      <Group gap={4} wrap="nowrap">
        <Button size="compact-xs" color="red" ref={button} onClick={() => void remove()}>
          Delete
        </Button>
        <Button size="compact-xs" variant="default" onClick={done}>
          No
        </Button>
      </Group>
    </li>
  );
}

/** Takes the focus where a line becomes a question: what had it is gone. */
function useFocused<T extends HTMLElement>(): RefObject<T | null> {
  const element = useRef<T>(null);
  useEffect(() => element.current?.focus(), []);
  return element;
}
