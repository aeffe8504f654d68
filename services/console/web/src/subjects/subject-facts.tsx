import { Fragment } from 'react';
import type { Row } from '../api/rows.ts';
import { columnTitle, useFlow } from '../flows/flows.ts';
import { formatValue } from './format-value.ts';

/** All that this person may read of a subject row. A correction is shown beside the value that it replaces. */
export function SubjectFacts({ subject, correction }: { subject: Row; correction?: Record<string, unknown> | undefined }) {
  const flow = useFlow();
  return (
    <dl className="facts">
      {flow.subject.columns.map(({ name, type }) => (
        <Fragment key={name}>
          <dt>{columnTitle(flow, name)}</dt>
          <dd>
            {correction && name in correction ? (
              <>
                <del>{formatValue(subject[name], type)}</del> <ins>{formatValue(correction[name], type)}</ins>
              </>
            ) : (
              formatValue(subject[name], type)
            )}
          </dd>
        </Fragment>
      ))}
    </dl>
  );
}
