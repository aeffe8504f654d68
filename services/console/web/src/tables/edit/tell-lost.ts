import { notifications } from '@mantine/notifications';
import type { CellValue } from '../columns/grid-column.ts';
import { plainCell } from '../columns/show-cell.ts';

/** Says that an edit went with its column; what was typed stays readable until it is put aside. */
export function tellLost(title: string, mine: CellValue): void {
  notifications.show({
    color: 'orange',
    title: `${title} is gone`,
    message: `The column was dropped or hidden meanwhile. What you typed was not saved: ${plainCell(mine) || 'nothing'}`,
    autoClose: false,
  });
}
