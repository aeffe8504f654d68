import { IconColumns3, IconFileExport, IconFileImport, IconHistory, IconTablePlus } from '@tabler/icons-react';
import { HistoryPanel } from './history/history-panel.tsx';
import { NewTablePanel } from './schema/new-table-panel.tsx';
import { SchemaPanel } from './schema/schema-panel.tsx';
import { ExportPanel } from './transfer/export-panel.tsx';
import { ImportPanel } from './transfer/import-panel.tsx';
import type { ListTool, TableTool } from './table-tool.ts';

/** Panels of one table, in the order of their buttons. */
export const TABLE_TOOLS: readonly TableTool[] = [
  { name: 'history', title: 'History', icon: IconHistory, Panel: HistoryPanel },
  { name: 'import', title: 'Import', icon: IconFileImport, shown: ({ archived }) => !archived, Panel: ImportPanel },
  { name: 'export', title: 'Export', icon: IconFileExport, shown: ({ archived, may }) => !archived && may.select, Panel: ExportPanel },
  { name: 'design', title: 'Design', icon: IconColumns3, Panel: SchemaPanel },
];

/** Panels of the list of tables. */
export const LIST_TOOLS: readonly ListTool[] = [{ name: 'new', title: 'New table', icon: IconTablePlus, Panel: NewTablePanel }];
