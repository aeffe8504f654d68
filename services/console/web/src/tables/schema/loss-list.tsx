import type { EditReport } from '#contracts/http/tables';
import { examplesInWords, lossInWords } from './edit-words.ts';

/** Rows that an edit loses or breaks, with some of their keys. */
export function LossList({ losses }: { losses: EditReport['losses'] }) {
  return (
    <ul className="plain" aria-label="What it loses or breaks">
      {losses.map((loss) => (
        <li key={loss.what}>
          <b>{lossInWords(loss)}</b>
          {loss.examples.length > 0 && (
            <span className="dimmed">
              {' '}
              ({examplesInWords(loss.examples)}
              {loss.rows > loss.examples.length ? ', …' : ''})
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
