import type { Readable } from 'node:stream';
import type { FileValue } from '#contracts/http/files';
import { ProblemException } from '#libs/runtime/http/problem';
import type { Logger } from '#libs/runtime/logger';
import { dispositionOf } from '../exports/content-disposition.ts';
import { type FileAsked, partOf } from './conditional.ts';
import { mayBeShown } from './media-type.ts';
import type { ByteRange, FileStorage, StoredBytes } from './storage/file-storage.ts';

/** An answer, free of the HTTP framework. */
export interface FileAnswer {
  status: number;
  headers: Record<string, string>;
  body?: Readable;
}

export interface SendStand {
  storage: FileStorage;
  logger: Logger;
}

/**
 * A file that the caller may read, or the part of it that was asked for. A stranger made it: it is saved rather than shown, is taken for nothing that it does not
 * say it is, and runs nothing; `inline` shows it in place where its type is harmless. 410 where the bytes are gone from the storage, or are not those.
 */
export async function sendFile(stand: SendStand, file: FileValue, asked: FileAsked & { inline: boolean }): Promise<FileAnswer> {
  const { size } = file;
  const tag = `"${file.sha256}"`;
  const part = partOf(asked, { size, tag });
  const headers = { etag: tag, 'cache-control': 'private, no-cache', 'accept-ranges': 'bytes', ...protection(file, asked.inline) };
  switch (part.status) {
    case 304:
      return { status: 304, headers };
    case 412:
      throw new ProblemException(412, 'precondition-failed', 'the file is another one', { hint: `Its ETag is ${tag}.` });
    case 416:
      return { status: 416, headers: { 'content-range': `bytes */${size}` } };
    case 200:
    case 206: {
      const range = part.status === 206 ? part.range : undefined;
      const described = { ...headers, 'content-type': file.type, ...lengthOf(size, range) };
      if (asked.method === 'HEAD') await requireThere(stand, file);
      return { status: part.status, headers: described, ...(asked.method === 'HEAD' ? {} : { body: await bytesOf(stand, file, range) }) };
    }
  }
}

function protection({ name, type }: FileValue, inline: boolean): Record<string, string> {
  return {
    'content-disposition': dispositionOf(inline && mayBeShown(type) ? 'inline' : 'attachment', name),
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    'cross-origin-resource-policy': 'same-origin',
  };
}

function lengthOf(size: number, range: ByteRange | undefined): Record<string, string> {
  if (!range) return { 'content-length': String(size) };
  return { 'content-length': String(range.last - range.first + 1), 'content-range': `bytes ${range.first}-${range.last}/${size}` };
}

async function bytesOf(stand: SendStand, file: FileValue, range: ByteRange | undefined): Promise<Readable> {
  const stored = await stand.storage.open(file.id, range).catch(async (error: unknown): Promise<StoredBytes> => {
    // A range beyond a shortened file.
    await requireThere(stand, file);
    throw error;
  });
  if (stored?.size === file.size) return stored.body;
  stored?.body.destroy();
  throw missing(stand, file, stored?.size);
}

async function requireThere(stand: SendStand, file: FileValue): Promise<void> {
  const size = await stand.storage.size(file.id);
  if (size !== file.size) throw missing(stand, file, size);
}

function missing({ logger }: SendStand, { id, size }: FileValue, found: number | undefined): ProblemException {
  logger.error({ upload: id, size, found }, 'bytes of a file are not in the storage as they were stored');
  const what = found === undefined ? 'are not in the storage any more' : `are not those that were stored: ${found} instead of ${size}`;
  return new ProblemException(410, 'bytes-missing', `the file's bytes ${what}`, {
    hint: `Its metadata and history are untouched. Bring the file ${id} back from a backup of the storage.`,
  });
}
