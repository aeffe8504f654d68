import type { HelpSection } from '../shell/help-overlay.tsx';

export const PLANNING_HELP: readonly HelpSection[] = [
  {
    title: 'A team’s grid',
    keys: [
      [['↑', '↓', '←', '→'], 'move; with Shift select, with Ctrl to the edge'],
      [['Enter', 'F2'], 'edit the cell; Enter again keeps it and goes down'],
      [['Tab'], 'keep and go right; after Esc it leaves the grid'],
      [['Esc'], 'give the edit up'],
      [['Del'], 'clear what is selected'],
      [['Ctrl C', 'Ctrl V'], 'copy, and paste from any spreadsheet'],
      [['Ctrl Z'], 'undo your own last edit'],
      [['Shift F2'], 'comment and confidence of the cell'],
    ],
  },
  {
    title: 'Plan',
    keys: [
      [['↑', '↓', '←', '→'], 'move between lines and periods'],
      [['→', '←'], 'on a name: open and close it'],
      [['Enter'], 'how the amount came about'],
    ],
  },
];
