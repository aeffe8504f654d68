import type { HelpSection } from '../shell/help-overlay.tsx';

export const TABLES_HELP: readonly HelpSection[] = [
  {
    title: 'A table',
    keys: [
      [['↑', '↓', '←', '→'], 'move; with Shift select, with Ctrl to the edge'],
      [['Home', 'End'], 'first and last column; with Ctrl first and last row'],
      [['Enter', 'F2'], 'edit the cell; Enter again keeps it and goes down'],
      [['Space'], 'tick or untick a yes/no cell'],
      [['Tab'], 'keep and go right; after Esc it leaves the grid'],
      [['Esc'], 'give the edit up'],
      [['Del'], 'clear what is selected'],
      [['Ctrl C', 'Ctrl V'], 'copy, and paste from any spreadsheet'],
      [['Ctrl Z'], 'undo your own last change'],
    ],
  },
];
