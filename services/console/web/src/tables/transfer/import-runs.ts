import { notifications } from '@mantine/notifications';
import type { ImportReport } from '#contracts/http/imports';
import { pause } from '#libs/client/backoff';
import { lakeloop } from '../../api/lakeloop.ts';
import { count } from '../history/change-words.ts';
import { feedImport } from './feed-import.ts';
import { ImportRun, type RunParts } from './import-run.ts';
import { forgetImport, keepImport } from './stored-import.ts';

const PARTS: RunParts = {
  fetchReport: (id) => lakeloop().imports.report(id),
  feed: feedImport,
  wait: pause,
};

/** Imports of this page by table: they go on when their panel is closed. */
const runs = new Map<string, ImportRun>();

export function runOf(schema: string, table: string): ImportRun | undefined {
  return runs.get(JSON.stringify([schema, table]));
}

export function forgetRun(schema: string, table: string): void {
  runs.delete(JSON.stringify([schema, table]));
  forgetImport(localStorage, schema, table);
}

/** Sends a file to an import that is begun, or goes on with it. `done`: rows were written. */
export function startRun({ schema, table }: { schema: string; table: string }, file: File, report: ImportReport, done: () => void): ImportRun {
  const run = new ImportRun(PARTS, file, report);
  runs.set(JSON.stringify([schema, table]), run);
  keepImport(localStorage, { id: report.id, schema, table, fileName: file.name, size: file.size, lastModified: file.lastModified, startedAt: Date.now() });
  addEventListener('beforeunload', warn);
  void follow(run, { schema, table }, done);
  return run;
}

async function follow(run: ImportRun, { schema, table }: { schema: string; table: string }, done: () => void): Promise<void> {
  const { state, report } = await run.run();
  removeEventListener('beforeunload', warn);
  if (state === 'complete')
    notifications.show({ color: 'teal', title: 'Imported', message: `${count(report.inserted, 'row')} written, ${count(report.refused, 'line')} left out.` });
  // One that was stopped or could not go on may still go on, with the same file.
  if (state === 'complete' || state === 'failed') forgetImport(localStorage, schema, table);
  if (report.inserted > 0) done();
}

/** Leaving the page cuts the upload off. */
function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
