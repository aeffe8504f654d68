import { createTheme, type MantineColorsTuple } from '@mantine/core';

const lake: MantineColorsTuple = ['#e3fafc', '#c5f1f6', '#97e4ec', '#66d5e1', '#3fc5d4', '#22afc1', '#1098ab', '#0b7f91', '#0a6877', '#074f5c'];

/** Greys of the dark side, with a little of the lake in them. */
const dark: MantineColorsTuple = ['#d3dbe0', '#b3bfc6', '#8c9aa3', '#66757f', '#3a4750', '#2f3a42', '#232d34', '#1a2228', '#12181c', '#0c1114'];

/** Lakeloop's look: a calm blue-green, the system's own type. */
export const theme = createTheme({
  primaryColor: 'lake',
  primaryShade: 7,
  colors: { lake, dark },
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, monospace',
  headings: { fontWeight: '650' },
  cursorType: 'pointer',
  components: {
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300 } },
    Badge: { styles: { root: { flexShrink: 0, minWidth: 'max-content' } } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.45, blur: 2 } } },
  },
});
