import type { Locator, Page } from 'playwright-core';
import type { ColumnSpec, EditReport } from '#contracts/http/tables';
import type { Person } from '../support/person.ts';
import type { Shape } from '../support/shape.ts';

/** A table in the workspace, made by a person. */
export async function makeTable(person: Person, name: string, columns: readonly ColumnSpec[], more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const { status, body } = await person.call<EditReport>('', '/v1/tables?schema=workspace', { method: 'POST', body: { name, columns, ...more } });
  if (status !== 201) throw new Error(`table ${name}: ${status} ${JSON.stringify(body)}`);
}

/** Opens a table's page with one of its panels, and gives the panel. */
export async function openPanel(page: Page, { url }: Shape, table: string, panel: string): Promise<Locator> {
  await page.goto(`${url}/tables/workspace/${table}?panel=${panel}`);
  const drawer = page.getByRole('dialog').first();
  await drawer.waitFor();
  return drawer;
}

/** Chooses an option of a select by its label. */
export async function choose(page: Page, within: Locator, label: string, option: string): Promise<void> {
  await within.getByRole('combobox', { name: label, exact: true }).click();
  await page.getByRole('option', { name: option, exact: true }).click();
}
