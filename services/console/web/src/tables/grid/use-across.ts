import { type RefObject, useCallback, useLayoutEffect, useMemo, useState } from 'react';
import type { GridColumn } from '../columns/grid-column.ts';
import { drawnColumns, leftFor, STEP } from './drawn-columns.ts';

/** Which columns are seen in the scroller, and how to get to others. */
export function useAcross(scroller: RefObject<HTMLElement | null>, columns: readonly GridColumn[], widths: readonly number[]) {
  const [step, setStep] = useState(0);
  const [width, setWidth] = useState(1_440);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller]);
  const drawn = useMemo(() => drawnColumns(columns, widths, { step, width }), [columns, widths, step, width]);
  const onScroll = useCallback((): void => setStep(Math.floor((scroller.current?.scrollLeft ?? 0) / STEP)), [scroller]);
  const scrollTo = (column: number): void => {
    const element = scroller.current;
    const left = element && leftFor(column, widths, drawn, { left: element.scrollLeft, width: element.clientWidth });
    if (element && typeof left === 'number') element.scrollTo({ left, behavior: 'instant' });
  };
  return { drawn, onScroll, scrollTo };
}
