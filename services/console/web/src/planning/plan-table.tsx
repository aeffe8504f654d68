import { IconChevronDown, IconChevronRight, IconLock, IconPencil, IconScale, IconScissors } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react';
import { FreezeMenu } from './freeze.tsx';
import { periodTitle } from './reference.ts';
import { usePlanning } from './planning-data.ts';
import type { PlanCell, PlanNode } from './roll-up.ts';
import { showAmount } from './show-amount.ts';

interface PlanTableProps {
  nodes: readonly PlanNode[];
  open: ReadonlySet<string>;
  toggle: (path: string) => void;
  chosen: { path: string; period: string };
  choose: (chosen: { path: string; period: string }) => void;
  /** Opens all about the chosen cell. */
  look: () => void;
  unit: string;
}

const ROW_HEIGHT = 36;

/** The plan as a tree by period. Arrows walk, on a name they open and close; Enter tells how an amount came about. */
export function PlanTable(props: PlanTableProps) {
  const { nodes, chosen } = props;
  const { reference } = usePlanning();
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  // oxlint-disable-next-line react/incompatible-library -- there is no React compiler here to mislead
  const virtual = useVirtualizer({ count: nodes.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_HEIGHT, overscan: 10 });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const at = Math.max(
    0,
    nodes.findIndex(({ path }) => path === chosen.path),
  );
  const onKeyDown = useTreeKeys(props, at, (row) => virtual.scrollToIndex(row, { align: 'auto' }));
  return (
    <section ref={scroller} className="panel sheet-scroller plan" aria-label="Plan by period, scrollable">
      <table
        className="sheet"
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role -- walked with keys: ARIA's treegrid
        role="treegrid"
        tabIndex={0}
        aria-label="Plan by period"
        aria-rowcount={nodes.length + 1}
        aria-colcount={reference.periods.length + 2}
        aria-activedescendant={`${id}-${at}-${chosen.period}`}
        onKeyDown={onKeyDown}
      >
        <PlanHead unit={props.unit} />
        <tbody>
          {above > 0 && <tr aria-hidden style={{ height: above }} />}
          {items.map(({ index }) => {
            const node = nodes[index];
            return node && <PlanRow key={node.path} {...props} id={`${id}-${index}`} index={index} node={node} isAt={index === at} />;
          })}
          {below > 0 && <tr aria-hidden style={{ height: below }} />}
        </tbody>
      </table>
    </section>
  );
}

function PlanHead({ unit }: { unit: string }) {
  const { reference } = usePlanning();
  return (
    <thead>
      <tr aria-rowindex={1}>
        <th scope="col" className="row-head">
          {unit}
        </th>
        {reference.periods.map((period) => (
          <th key={period} scope="col">
            <span className="period-head">
              <FreezeMenu period={period} />
              {periodTitle(period)}
            </span>
          </th>
        ))}
        <th scope="col" className="total">
          Total
        </th>
      </tr>
    </thead>
  );
}

interface PlanRowProps extends PlanTableProps {
  id: string;
  index: number;
  node: PlanNode;
  isAt: boolean;
}

function PlanRow({ id, index, node, isAt, open, chosen, choose, toggle, look }: PlanRowProps) {
  const { reference } = usePlanning();
  return (
    <tr
      aria-rowindex={index + 2}
      aria-level={node.depth + 1}
      aria-expanded={node.expandable ? open.has(node.path) : undefined}
      className={isAt ? 'at' : undefined}
    >
      <NodeHead
        id={`${id}-`}
        node={node}
        isOpen={open.has(node.path)}
        focused={isAt && chosen.period === ''}
        toggle={() => toggle(node.path)}
        choose={() => choose({ path: node.path, period: '' })}
      />
      {reference.periods.map((period) => (
        <AmountCell
          key={period}
          id={`${id}-${period}`}
          name={`${node.name}, ${periodTitle(period)}`}
          cell={node.cells.get(period)}
          focused={isAt && chosen.period === period}
          choose={() => choose({ path: node.path, period })}
          look={look}
        />
      ))}
      <td className="total">{showAmount(node.total.amount)}</td>
    </tr>
  );
}

function useTreeKeys({ nodes, open, toggle, chosen, choose, look }: PlanTableProps, at: number, scrollTo: (row: number) => void) {
  const { reference } = usePlanning();
  const columns = ['', ...reference.periods];
  const node = nodes[at];
  const go = (row: number, column: number): void => {
    const next = Math.max(0, Math.min(nodes.length - 1, row));
    choose({ path: nodes[next]?.path ?? 'all', period: columns[Math.max(0, Math.min(columns.length - 1, column))] ?? '' });
    scrollTo(next);
  };
  return (event: KeyboardEvent): void => {
    if (!node || (event.target instanceof Element && event.target.closest('button, [role="menu"]'))) return;
    const column = Math.max(0, columns.indexOf(chosen.period));
    const onName = column === 0 && node.expandable;
    const keys: Readonly<Record<string, () => void>> = {
      ArrowDown: () => go(at + 1, column),
      ArrowUp: () => go(at - 1, column),
      ArrowRight: () => (onName && !open.has(node.path) ? toggle(node.path) : go(at, column + 1)),
      ArrowLeft: () => (onName && open.has(node.path) ? toggle(node.path) : go(at, column - 1)),
      Home: () => go(event.ctrlKey ? 0 : at, 0),
      End: () => go(event.ctrlKey ? nodes.length - 1 : at, columns.length - 1),
      Enter: () => (column > 0 ? look() : node.expandable && toggle(node.path)),
      ' ': () => node.expandable && toggle(node.path),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
}

interface NodeHeadProps {
  id: string;
  node: PlanNode;
  isOpen: boolean;
  focused: boolean;
  toggle: () => void;
  choose: () => void;
}

function NodeHead({ id, node, isOpen, focused, toggle, choose }: NodeHeadProps) {
  return (
    <th id={id} scope="row" className={focused ? 'row-head focused' : 'row-head'} onClick={choose}>
      <span className="node" style={{ paddingInlineStart: node.depth * 16 }}>
        {node.expandable ? (
          <button type="button" tabIndex={-1} aria-label={`${isOpen ? 'Close' : 'Open'} ${node.name}`} onClick={toggle}>
            {isOpen ? <IconChevronDown size={15} aria-hidden /> : <IconChevronRight size={15} aria-hidden />}
          </button>
        ) : (
          <span className="no-twist" />
        )}
        <span className="cut" title={node.name}>
          {node.name}
        </span>
      </span>
    </th>
  );
}

interface AmountCellProps {
  id: string;
  name: string;
  cell: PlanCell | undefined;
  focused: boolean;
  choose: () => void;
  look: () => void;
}

function AmountCell({ id, name, cell, focused, choose, look }: AmountCellProps) {
  const flash = useFlash(cell?.amount);
  const marks = marksOf(cell);
  return (
    <td
      id={id}
      aria-selected={focused}
      aria-label={`${name}: ${cell ? showAmount(cell.amount) : 'no line'}${marks.map(({ title }) => `, ${title}`).join('')}`}
      className={[focused ? 'focused selected' : '', cell && cell.frozen > 0 ? 'frozen' : ''].filter(Boolean).join(' ') || undefined}
      onClick={focused ? look : choose}
      onDoubleClick={look}
    >
      {flash > 0 && <span key={flash} className="flash" aria-hidden />}
      {marks.length > 0 && (
        <span className="plan-marks" aria-hidden>
          {marks.map(({ title, icon }) => (
            <span key={title} title={title}>
              {icon}
            </span>
          ))}
        </span>
      )}
      {cell ? showAmount(cell.amount) : ''}
    </td>
  );
}

/** Grows by one whenever the amount becomes another one while it is shown. */
function useFlash(amount: bigint | undefined): number {
  const [shown, setShown] = useState({ amount, flashes: 0 });
  if (shown.amount !== amount) setShown({ amount, flashes: shown.amount === undefined ? 0 : shown.flashes + 1 });
  return shown.flashes;
}

const CONSTRAINED = <IconScissors size={11} color="var(--mantine-color-red-6)" />;
const OVERRIDDEN = <IconPencil size={11} color="var(--mantine-color-yellow-7)" />;
const CONFLICT = <IconScale size={11} color="var(--mantine-color-orange-6)" />;
const FROZEN = <IconLock size={11} color="var(--mantine-color-cyan-7)" />;

function marksOf(cell: PlanCell | undefined): { title: string; icon: ReactNode }[] {
  if (!cell) return [];
  const of = (count: number, what: string): string => (cell.lines === 1 ? what : `${count} of ${cell.lines} lines ${what}`);
  return [
    { count: cell.constrained, title: of(cell.constrained, 'cut by capacity'), icon: CONSTRAINED },
    { count: cell.conflict, title: of(cell.conflict, 'in conflict'), icon: CONFLICT },
    { count: cell.overridden, title: of(cell.overridden, 'overridden'), icon: OVERRIDDEN },
    { count: cell.frozen, title: of(cell.frozen, 'frozen'), icon: FROZEN },
  ].filter(({ count }) => count > 0);
}
