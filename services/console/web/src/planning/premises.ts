import { asText } from '../api/as-text.ts';
import type { Row } from '../api/rows.ts';
import { RULE_TITLES } from './plan-conflict.ts';
import { type Reference, TEAM_TITLES, TEAMS, type Team } from './reference.ts';

export interface Option {
  value: string;
  label: string;
}

/** A column that people state. Its value in a form is text: '' for none, `true` or `false`, a list with commas. */
export interface PremiseField {
  name: string;
  label: string;
  /** Below the field: what can be said here. */
  about?: string;
  /** `words`: nothing said is the empty text; elsewhere it is null. */
  type?: 'text' | 'words' | 'flag' | 'list' | 'span';
  required?: boolean;
  /** Where it begins in a new row. */
  initial?: string;
  options?: (reference: Reference) => readonly Option[];
}

/** A table that the plan is made by, beside what the teams enter. */
export interface PremiseKind {
  table: PremiseTable;
  title: string;
  /** What one row is called. */
  one: string;
  about: string;
  /** Columns of the primary key: chosen once. */
  key: readonly string[];
  fields: readonly PremiseField[];
  /** Whether rows tell who stated them. */
  signed: boolean;
}

export type PremiseTable = 'assumptions' | 'capacities' | 'conflict_rules' | 'schedules';

/** Each order of the teams. */
const ORDERS: readonly Option[] = TEAMS.flatMap((first) =>
  TEAMS.filter((team) => team !== first).map((second) => {
    const order: Team[] = [first, second, ...TEAMS.filter((team) => team !== first && team !== second)];
    return { value: order.join(','), label: order.map((team) => TEAM_TITLES[team]).join(', then ') };
  }),
);

const nodesOf = (nodes: Reference['products']): Option[] => nodes.nodes.map(({ id, name }) => ({ value: id, label: name }));
const plain = (values: readonly string[]): Option[] => values.map((value) => ({ value, label: value }));

export const PREMISES: readonly PremiseKind[] = [
  {
    table: 'assumptions',
    title: 'Assumptions',
    one: 'assumption',
    about:
      'Growth and rates that the plan counts on. growth:<measure> adds that many percent to each baseline; rate:<currency> is the rate of periods that have none. Others are for people to read.',
    key: ['name'],
    fields: [
      { name: 'name', label: 'Name', required: true, about: 'growth:<measure>, rate:<currency>, or any other' },
      { name: 'value', label: 'Value', required: true },
      { name: 'unit', label: 'Unit', options: ({ units }) => plain([...units.keys()]) },
      { name: 'comment', label: 'Comment', type: 'words' },
    ],
    signed: true,
  },
  {
    table: 'capacities',
    title: 'Capacities',
    one: 'capacity',
    about: 'The most that a product, or all below it, can be in a region and a period: what is above it is cut from the plan.',
    key: ['product', 'region', 'period'],
    fields: [
      { name: 'product', label: 'Product', required: true, options: ({ products }) => nodesOf(products) },
      { name: 'region', label: 'Region', required: true, options: ({ regions }) => nodesOf(regions) },
      { name: 'period', label: 'Period', required: true, options: ({ periods }) => plain(periods) },
      { name: 'amount', label: 'Amount', required: true },
      {
        name: 'unit',
        label: 'Unit',
        required: true,
        options: ({ units }) => plain([...units.values()].filter(({ factor }) => factor !== undefined).map(({ id }) => id)),
      },
    ],
    signed: true,
  },
  {
    table: 'conflict_rules',
    title: 'Conflict rules',
    one: 'rule',
    about: 'What counts where teams adjust the same amount, unless a person chooses. A measure without a rule goes by who changed last.',
    key: ['measure'],
    fields: [
      { name: 'measure', label: 'Measure', required: true, options: ({ measures }) => measures.map(({ id, name }) => ({ value: id, label: name })) },
      {
        name: 'rule',
        label: 'Rule',
        required: true,
        options: () => ['latest', 'priority', 'confidence'].map((value) => ({ value, label: RULE_TITLES[value] ?? value })),
      },
      { name: 'team_order', label: 'Order of the teams', type: 'list', about: 'for “the team that comes first”', options: () => ORDERS },
    ],
    signed: false,
  },
  {
    table: 'schedules',
    title: 'Schedules',
    one: 'schedule',
    about: 'When everything is reconciled by itself. Runs after changes come without one.',
    key: ['name'],
    fields: [
      { name: 'name', label: 'Name', required: true },
      { name: 'cron', label: 'Cron', required: true, about: 'minute hour day month weekday, or a nickname such as @daily' },
      { name: 'time_zone', label: 'Time zone', required: true, initial: 'UTC', about: 'such as Europe/Berlin' },
      {
        name: 'overlap',
        label: 'While another run is on',
        required: true,
        initial: 'queue',
        options: () => [
          { value: 'queue', label: 'wait' },
          { value: 'skip', label: 'skip the slot' },
          { value: 'cancel', label: 'cancel that run' },
        ],
      },
      { name: 'catch_up', label: 'Catch up', type: 'span', required: true, initial: '24 hours', about: 'slots missed for longer are skipped' },
      { name: 'enabled', label: 'On', type: 'flag', initial: 'true' },
    ],
    signed: false,
  },
];

export type Values = Readonly<Record<string, string>>;

/** A row as a form has it. */
export function valuesOf({ fields }: PremiseKind, row: Row | undefined): Values {
  return Object.fromEntries(fields.map((field) => [field.name, row === undefined ? (field.initial ?? '') : textOf(field, row[field.name])]));
}

function textOf({ type }: PremiseField, value: unknown): string {
  if (type === 'span') return spanOf(asText(value));
  if (type !== 'list') return asText(value);
  return Array.isArray(value) ? value.map(asText).join(',') : asText(value).replaceAll(/[{}"]/g, '');
}

const UNITS = ['year', 'month', 'day', 'hour', 'minute', 'second'];
const ISO_SPAN = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/;
const SQL_SPAN = /^(?:(\d+) years? ?)?(?:(\d+) mons? ?)?(?:(\d+) days? ?)?(?:(\d+):(\d+):([\d.]+))?$/;

/** An interval in words that Postgres takes back, whichever way it came: `P0DT26H` from the stream, `26:00:00` from a request. */
function spanOf(text: string): string {
  const found = ISO_SPAN.exec(text) ?? SQL_SPAN.exec(text);
  if (text === '' || !found) return text;
  const parts = UNITS.map((unit, index) => ({ unit, count: Number(found[index + 1] ?? 0) })).filter(({ count }) => count !== 0);
  return parts.length === 0 ? '0 seconds' : parts.map(({ unit, count }) => `${count} ${unit}${count === 1 ? '' : 's'}`).join(' ');
}

/** What is sent of a form: of a row that was there, only what differs. An amount goes as its text, so that no digit is lost. */
export function changeOf({ fields }: PremiseKind, values: Values, before?: Values): Row {
  const changed = fields.filter(({ name }) => before === undefined || values[name] !== before[name]);
  return Object.fromEntries(changed.map(({ name, type }) => [name, sent(type, values[name]?.trim() ?? '')]));
}

function sent(type: PremiseField['type'], text: string): unknown {
  if (type === 'flag') return text === 'true';
  if (type === 'list') return text === '' ? null : text.split(',');
  return text === '' && type !== 'words' ? null : text;
}

/** `name=eq.value` for each column of the key. */
export function keyQuery({ key }: PremiseKind, values: Values): URLSearchParams {
  return new URLSearchParams(key.map((name) => [name, `eq.${values[name] ?? ''}`]));
}

export function isComplete({ fields }: PremiseKind, values: Values): boolean {
  return fields.every(({ name, required }) => !required || (values[name] ?? '').trim() !== '');
}

/** As a table shows it. */
export function shownOf(field: PremiseField, reference: Reference, value: string): string {
  if (field.type === 'flag') return value === 'true' ? 'yes' : 'no';
  return field.options?.(reference).find((option) => option.value === value)?.label ?? value;
}
