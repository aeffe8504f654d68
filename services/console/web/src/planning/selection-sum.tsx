import { Group, Text } from '@mantine/core';
import { per, sum } from './decimal.ts';
import { cellKey, type Grid } from './grid-model.ts';
import { type Rectangle } from '../sheet/selection.ts';
import { showAmount } from './show-amount.ts';

/** Below the grid, as spreadsheets have it: sum and mean of what is selected, and whether everything is saved; `sending` undefined: nothing is to be. */
export function SelectionSum({ grid, rectangle, unit, sending }: { grid: Grid; rectangle: Rectangle; unit: string | undefined; sending: number | undefined }) {
  const { top, left, bottom, right } = rectangle;
  const amounts = grid.rows.slice(top, bottom + 1).flatMap((row) =>
    grid.periods.slice(left, right + 1).flatMap((period) => {
      const cell = grid.cells.get(cellKey(row, period));
      return cell?.amount === undefined || (cell.unit ?? unit) !== unit ? [] : [cell.amount];
    }),
  );
  const total = sum(amounts);
  return (
    <Group justify="space-between" mt={6} mih={22} component="output" aria-label="Selection">
      <Text size="xs" c="dimmed" className="tabular">
        {amounts.length > 1 &&
          `Sum ${showAmount(total)} ${unit ?? ''} · mean ${showAmount(per(total, BigInt(amounts.length) * 1_000_000_000n))} · ${amounts.length} cells`}
      </Text>
      <Text size="xs" c="dimmed">
        {sending === undefined ? '' : sending > 0 ? `Saving ${sending} …` : 'Everything is saved'}
      </Text>
    </Group>
  );
}
