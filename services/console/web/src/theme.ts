import { createTheme, type MantineColorsTuple } from '@mantine/core';

const lake: MantineColorsTuple = ['#e3fafc', '#c5f1f6', '#97e4ec', '#66d5e1', '#3fc5d4', '#22afc1', '#1098ab', '#0b7f91', '#0a6877', '#074f5c'];

/** Lakeloop's look: a calm blue-green, the system's own type. */
export const theme = createTheme({
  primaryColor: 'lake',
  primaryShade: { light: 7, dark: 5 },
  colors: { lake },
  autoContrast: true,
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, monospace',
  headings: { fontWeight: '650' },
  cursorType: 'pointer',
  components: {
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300 } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.45, blur: 2 } } },
  },
});
