import { join } from 'node:path';

/** The checkout under test; `npm test` has built it. */
export const REPOSITORY = join(import.meta.dirname, '..', '..');
