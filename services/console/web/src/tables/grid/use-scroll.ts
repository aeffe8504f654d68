import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from 'react';
import { placeAt, type ScrollPlace, scrolled, topFor } from './scroll-space.ts';

export const ROW_HEIGHT = 32;
export const HEAD_HEIGHT = 36;

export interface SeenRows {
  first: number;
  last: number;
  /** What to take from a row's place among all rows, px. */
  shift: number;
  /** Rows that fit. */
  page: number;
}

/** Which rows of `count` are seen in the scroller, and how to get to others. */
export function useScroll(scroller: RefObject<HTMLElement | null>, count: number) {
  const [place, setPlace] = useState<ScrollPlace>({ scrollTop: 0, shift: 0 });
  const [view, setView] = useState(600);
  const latest = useRef({ place, size: { rows: 0, view } });
  useLayoutEffect(() => {
    latest.current.size = { rows: count * ROW_HEIGHT, view };
  });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setView(Math.max(ROW_HEIGHT, element.clientHeight - HEAD_HEIGHT)));
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller]);
  const put = useCallback(
    (next: ScrollPlace): void => {
      latest.current.place = next;
      setPlace(next);
      const element = scroller.current;
      if (element && Math.abs(element.scrollTop - next.scrollTop) > 1) element.scrollTo({ top: next.scrollTop, behavior: 'instant' });
    },
    [scroller],
  );
  const onScroll = useCallback((): void => {
    const element = scroller.current;
    if (element && element.scrollTop !== latest.current.place.scrollTop) put(scrolled(latest.current.place, element.scrollTop, latest.current.size));
  }, [scroller, put]);
  const scrollTo = useCallback(
    (row: number): void => {
      const to = topFor({ start: row * ROW_HEIGHT, height: ROW_HEIGHT }, latest.current.place, latest.current.size);
      if (to !== undefined) put(placeAt(to, latest.current.size));
    },
    [put],
  );
  const top = place.scrollTop + place.shift;
  const seen: SeenRows = {
    first: Math.max(0, Math.min(count - 1, Math.floor(top / ROW_HEIGHT))),
    last: Math.max(0, Math.min(count - 1, Math.ceil((top + view) / ROW_HEIGHT))),
    shift: place.shift,
    page: Math.max(1, Math.floor(view / ROW_HEIGHT) - 1),
  };
  return { seen, onScroll, scrollTo };
}
