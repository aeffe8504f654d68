import { parseArgs } from 'node:util';
import { installGovernance, planGovernance } from '#libs/governance/install';
import { LOGINS, type LoginName } from '#libs/governance/roles';
import { createLogger } from '#libs/runtime/logger';
import type { Command, CommandContext } from '../command.ts';
import { adminUrlOf } from './connect.ts';
import { annotated } from './privileges.ts';

/** Roles, schemas, publication and event trigger, in a database of your own. No table of yours is touched: that is `adopt`. */
export const init: Command = {
  usage: 'init [--dry-run]',
  about: 'install Lakeloop in a database (its own schemas, roles, publication)',
  run: async (context, args) => {
    const { values } = parseArgs({ args: [...args], options: { 'dry-run': { type: 'boolean', default: false } } });
    const adminUrl = adminUrlOf(context);
    const logger = createLogger({ service: 'cli', level: 'silent' });
    if (values['dry-run']) {
      const statements = await planGovernance({ adminUrl, logger });
      for (const statement of statements) context.print(annotated(statement));
      context.print(`-- ${statements.length} statements; nothing was changed`);
      return;
    }
    const logins = passwordsOf(context);
    await installGovernance({ adminUrl, logger, logins });
    context.print('installed: schemas lakeloop and audit, roles, publication');
    const without = Object.entries(LOGINS).filter(([name]) => logins[name as LoginName] === undefined);
    if (without.length > 0)
      context.print(`no password was given for ${without.map(([, login]) => login).join(', ')}: set LAKELOOP_<NAME>_PASSWORD, or alter role … password`);
    context.print("next: lakeloop adopt <schema.table>, or 'schema.*' for all of a schema");
  },
};

function passwordsOf({ config }: CommandContext): Partial<Record<LoginName, string>> {
  const given: Partial<Record<LoginName, string | undefined>> = {
    write: config.LAKELOOP_WRITE_PASSWORD,
    cdc: config.LAKELOOP_CDC_PASSWORD,
    workflow: config.LAKELOOP_WORKFLOW_PASSWORD,
    notification: config.LAKELOOP_NOTIFICATION_PASSWORD,
    lakehouse: config.LAKELOOP_LAKEHOUSE_PASSWORD,
    admin: config.LAKELOOP_ADMIN_PASSWORD,
  };
  return Object.fromEntries(Object.entries(given).filter(([, password]) => password !== undefined));
}
