import type { Breakdown } from './plan-line.ts';
import { TEAM_COLOURS, TEAM_TITLES, TEAMS } from './reference.ts';
import { showAmount, showChange } from './show-amount.ts';

/** How an amount came about, as a sum that can be checked by eye. */
export function BreakdownTable({ breakdown, unit, dimmed = false }: { breakdown: Breakdown; unit: string; dimmed?: boolean }) {
  const parts = [
    { name: 'Growth assumed', amount: breakdown.assumed, colour: 'var(--mantine-color-green-6)' },
    ...TEAMS.map((team) => ({ name: TEAM_TITLES[team], amount: breakdown.teams[team], colour: `var(--mantine-color-${TEAM_COLOURS[team]}-6)` })),
    { name: 'Cut by capacity', amount: breakdown.cut, colour: 'var(--mantine-color-red-6)' },
    { name: 'Overrides', amount: breakdown.overrides, colour: 'var(--mantine-color-yellow-6)' },
  ].filter(({ amount, name }) => amount !== 0n || TEAMS.some((team) => TEAM_TITLES[team] === name));
  return (
    <table className="breakdown" aria-label="How the amount came about" style={{ opacity: dimmed ? 0.5 : 1 }}>
      <tbody>
        <tr>
          <th scope="row">Baseline</th>
          <td>{showAmount(breakdown.baseline)}</td>
        </tr>
        {parts.map(({ name, amount, colour }) => (
          <tr key={name} className={amount === 0n ? 'nothing' : undefined}>
            <th scope="row">
              <span className="dot" style={{ background: colour }} aria-hidden />
              {name}
            </th>
            <td>{amount === 0n ? '–' : showChange(amount)}</td>
          </tr>
        ))}
        <tr className="result">
          <th scope="row">Plan</th>
          <td>
            {showAmount(breakdown.amount)} <span className="dimmed">{unit}</span>
          </td>
        </tr>
      </tbody>
    </table>
  );
}
