import { parseArgs } from 'node:util';
import { Failure } from '#libs/failure/failure';
import type { Command } from '../command.ts';
import { connected } from './connect.ts';
import { examine } from './examine.ts';

const MARK = { ok: '✓', note: '·', warning: '!', problem: '✗' } as const;

/** Says what a database is ready for, and the SQL that mends what it is not. Changes nothing. */
export const doctor: Command = {
  usage: 'doctor [--json]',
  about: 'what a database lacks for Lakeloop, with the SQL that mends it',
  run: (context, args) =>
    connected(context, async (client) => {
      const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean', default: false } } });
      const findings = await examine(client, context.config.CDC_SLOT);
      for (const finding of findings) {
        if (values.json) context.print(JSON.stringify(finding));
        else context.print([`${MARK[finding.state]} ${finding.what}`, ...finding.fix.map((line) => `    ${line}`)].join('\n'));
      }
      const problems = findings.filter(({ state }) => state === 'problem').length;
      if (problems > 0) throw new Failure('misconfigured', `${problems} ${problems === 1 ? 'thing has' : 'things have'} to be mended first`);
      if (!values.json) context.print('ready');
    }),
};
