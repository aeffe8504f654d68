import { z } from 'zod';

/** The value of a cell of a column of files, and the answer to `POST /v1/files`: what is written into a row as it is. */
export const fileValue = z.object({
  id: z.string().describe('UUID of the upload'),
  name: z.string().describe('as it was uploaded, without what would name a place or deceive the eye; at most 255 bytes'),
  type: z.string().describe('media type, as the uploader gave it: nobody has looked'),
  size: z.number().describe('bytes'),
  sha256: z.string().describe('of the bytes, hexadecimal'),
});
export type FileValue = z.infer<typeof fileValue>;
