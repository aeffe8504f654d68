import type { TableName } from '#libs/postgres/identifiers';
import type { MediaHandler } from '../catalogue/media-handlers.ts';
import { ApiError } from './api-error.ts';
import type { Shape } from './compile/statement.ts';

export interface Answer {
  /** `ndjson` and `parquet` are written as a stream, and nowhere else. */
  body: 'array' | 'object' | 'csv' | 'handler' | 'ndjson' | 'parquet';
  stripNulls: boolean;
  contentType: string;
  /** What the database writes itself. */
  handler?: MediaHandler;
  /** How the statement would be carried out, instead of its rows. */
  plan?: { format: 'json' | 'text'; options: readonly string[] };
}

/** What may be asked for beside what we write ourselves. */
export interface Offer {
  handlers: readonly MediaHandler[];
  plans: boolean;
  /** Whether rows may be had as a stream of lines or a file. */
  exports?: boolean;
}

const NOTHING_MORE: Offer = { handlers: [], plans: false };
const JSON_ARRAY: Answer = { body: 'array', stripNulls: false, contentType: 'application/json; charset=utf-8' };

/** Handlers of the relation's or function's rows, and those of any rows. */
export function handlersOf(handlers: readonly MediaHandler[], of: TableName): MediaHandler[] {
  if (handlers.length === 0) return [];
  return handlers.filter(({ target }) => target === undefined || (target.schema === of.schema && target.name === of.name));
}

/** What the `Accept` header asks for, the most wanted first; 406 PGRST107 when we have none of it. */
export function negotiate(accept: string | undefined, offer: Offer = NOTHING_MORE): Answer {
  const { handlers } = offer;
  const simple = accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json';
  if (simple && handlers.length === 0) return JSON_ARRAY;
  const wanted = splitList(accept === undefined || accept === '' ? '*/*' : accept).map(parseAccept);
  wanted.sort((a, b) => b.quality - a.quality);
  for (const item of wanted) {
    const answer = item.quality > 0 ? answerFor(item, offer) : undefined;
    if (answer) return answer;
  }
  throw new ApiError(406, 'PGRST107', `None of these media types are available: ${wanted.map(({ text }) => text).join(', ')}`);
}

/** The lakehouse's rows are written as JSON alone: 406 PGRST107 for any other. */
export function requireJsonAnswer({ body, plan }: Answer, accept: string | undefined): void {
  if ((body === 'array' || body === 'object') && !plan) return;
  throw new ApiError(406, 'PGRST107', `None of these media types are available: ${accept ?? '*/*'}`, { details: 'Tables of the lakehouse are read as JSON.' });
}

interface Wanted {
  text: string;
  type: string;
  parameters: ReadonlyMap<string, string>;
  quality: number;
}

function parseAccept(item: string): Wanted {
  const [type = '', ...parts] = splitList(item, ';');
  const parameters = new Map(
    parts.map((part) => {
      const [name = '', ...value] = part.split('=');
      return [name.trim().toLowerCase(), value.join('=').trim().replaceAll(/^"|"$/g, '')];
    }),
  );
  const quality = Number(parameters.get('q') ?? 1);
  const shown = [type, ...parts.filter((part) => !/^q\s*=/.test(part))].join(';');
  return { text: shown, type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 1 : quality };
}

/** Not inside quotes. */
function splitList(text: string, separator: ',' | ';' = ','): string[] {
  return text.split(separator === ',' ? /,(?=(?:[^"]*"[^"]*")*[^"]*$)/ : /;(?=(?:[^"]*"[^"]*")*[^"]*$)/).map((part) => part.trim());
}

function answerFor({ type, parameters }: Wanted, { handlers, plans, exports = false }: Offer): Answer | undefined {
  const stripNulls = parameters.get('nulls') === 'stripped';
  const suffix = stripNulls ? ';nulls=stripped' : '';
  if (type === 'application/vnd.pgrst.array+json' || type === 'application/vnd.pgrst.array')
    return { body: 'array', stripNulls, contentType: stripNulls ? `application/vnd.pgrst.array+json${suffix}; charset=utf-8` : JSON_ARRAY.contentType };
  if (type === 'application/vnd.pgrst.object+json' || type === 'application/vnd.pgrst.object')
    return { body: 'object', stripNulls, contentType: `application/vnd.pgrst.object+json${suffix}; charset=utf-8` };
  if (/^application\/vnd\.pgrst\.plan(\+json|\+text)?$/.test(type)) return plans ? planFor(type, parameters, handlers) : undefined;
  return handled(type, handlers) ?? builtIn(type) ?? (exports ? EXPORTS[type] : undefined);
}

/** A relation's own handler of everything comes first, then those of the type, its own before those of any relation. */
function handled(type: string, handlers: readonly MediaHandler[]): Answer | undefined {
  const own = handlers.filter(({ target }) => target !== undefined);
  const handler =
    own.find(({ accepts }) => accepts === '*/*') ?? own.find(({ accepts }) => accepts === type) ?? handlers.find(({ accepts }) => accepts === type);
  return handler && { body: 'handler', stripNulls: false, contentType: withCharset(handler.mediaType), handler };
}

/** Of text types of old; what a database names itself says what it is. */
function withCharset(type: string): string {
  return /^(application\/(json|geo\+json|openapi\+json)|text\/(csv|plain|xml))$/.test(type) ? `${type}; charset=utf-8` : type;
}

function builtIn(type: string): Answer | undefined {
  if (type === 'application/json' || type === '*/*' || type === 'application/*') return JSON_ARRAY;
  if (type === 'text/csv') return { body: 'csv', stripNulls: false, contentType: 'text/csv; charset=utf-8' };
  return undefined;
}

const EXPORTS: Readonly<Record<string, Answer>> = {
  'application/x-ndjson': { body: 'ndjson', stripNulls: false, contentType: 'application/x-ndjson; charset=utf-8' },
  'application/vnd.apache.parquet': { body: 'parquet', stripNulls: false, contentType: 'application/vnd.apache.parquet' },
};

const PLAN_OPTIONS = ['analyze', 'verbose', 'settings', 'buffers', 'wal'];

function planFor(type: string, parameters: Wanted['parameters'], handlers: readonly MediaHandler[]): Answer | undefined {
  const of = parameters.get('for') ?? 'application/json';
  const answer = answerFor(parseAccept(of), { handlers, plans: false });
  if (!answer) return undefined;
  const format = type.endsWith('+json') ? 'json' : 'text';
  const asked = (parameters.get('options') ?? '').split('|');
  const options = PLAN_OPTIONS.filter((option) => asked.includes(option));
  const shown = `application/vnd.pgrst.plan+${format}; for="${of}"${options.length === 0 ? '' : `; options=${options.join('|')}`}; charset=utf-8`;
  return { ...answer, contentType: shown, plan: { format, options } };
}

/** Of a file that an answer is saved as. */
export function extensionOf({ body, handler }: Answer): string {
  return body === 'array' || body === 'object' ? 'json' : body === 'handler' ? (handler?.mediaType.split(/[/+]/).at(-1) ?? 'bin') : body;
}

export function shapeOf(answer: Answer, withBody: boolean): Shape {
  const { body, stripNulls, handler } = answer;
  return { body: withBody && body !== 'ndjson' && body !== 'parquet' ? body : 'none', stripNulls, ...(handler ? { handler } : {}) };
}

/** Media type of a body, without its parameters; JSON where nothing is said. */
export function bodyType(contentType: string | undefined): string {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? 'application/json';
}
