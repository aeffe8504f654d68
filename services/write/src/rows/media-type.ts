import { ApiError } from './api-error.ts';
import type { Shape } from './compile/statement.ts';

export interface Answer {
  body: 'array' | 'object';
  stripNulls: boolean;
  contentType: string;
}

const JSON_ARRAY: Answer = { body: 'array', stripNulls: false, contentType: 'application/json; charset=utf-8' };

/** What the `Accept` header asks for, the most wanted first; 406 PGRST107 when we have none of it. */
export function negotiate(accept: string | undefined): Answer {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return JSON_ARRAY;
  const wanted = accept.split(',').map(parseAccept);
  wanted.sort((a, b) => b.quality - a.quality);
  for (const { type, parameters, quality } of wanted) {
    const answer = quality > 0 ? answerFor(type, parameters.includes('nulls=stripped')) : undefined;
    if (answer) return answer;
  }
  throw new ApiError(406, 'PGRST107', `None of these media types are available: ${accept}`);
}

function parseAccept(item: string): { type: string; parameters: string[]; quality: number } {
  const [type = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
  const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
  return { type, parameters, quality: Number.isNaN(quality) ? 1 : quality };
}

function answerFor(type: string, stripNulls: boolean): Answer | undefined {
  const suffix = stripNulls ? ';nulls=stripped' : '';
  if (type === 'application/json' || type === '*/*' || type === 'application/*') return JSON_ARRAY;
  if (type === 'application/vnd.pgrst.array+json' || type === 'application/vnd.pgrst.array')
    return { body: 'array', stripNulls, contentType: stripNulls ? `application/vnd.pgrst.array+json${suffix}; charset=utf-8` : JSON_ARRAY.contentType };
  if (type === 'application/vnd.pgrst.object+json' || type === 'application/vnd.pgrst.object')
    return { body: 'object', stripNulls, contentType: `application/vnd.pgrst.object+json${suffix}; charset=utf-8` };
  return undefined;
}

export function shapeOf(answer: Answer, withBody: boolean): Shape {
  return { body: withBody ? answer.body : 'none', stripNulls: answer.stripNulls };
}

/** A body is JSON; anything else is 415. */
export function requireJson(contentType: string | undefined): void {
  if (contentType === undefined) return;
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/json' || type === 'application/vnd.pgrst.object+json' || type === 'application/vnd.pgrst.array+json') return;
  throw new ApiError(415, 'PGRST102', `Content-Type not acceptable: ${type}`, { hint: 'Send application/json.' });
}
