import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { targetEntries } from './view-definition.ts';

const entry = (position: number, relation: number, column: number, name = 'x'): string =>
  `{TARGETENTRY :expr {VAR :varno 1 :args ({CONST :constvalue 4 [ 1 0 ]} <>)} :resno ${position} :resname ${name} :ressortgroupref 0 :resorigtbl ${relation} :resorigcol ${column} :resjunk false}`;
const query = (entries: string[]): string =>
  `({QUERY :commandType 1 :cteList ({COMMONTABLEEXPR :ctequery {QUERY :targetList (${entry(9, 9, 9)})}}) :rtable ({RTE :alias <>}) :targetList (${entries.join(' ')}) :limitCount <>})`;

describe('the target list of a view', () => {
  it('is the outermost query’s, whatever queries are inside it', () => {
    expect(targetEntries(query([entry(1, 16385, 2), entry(2, 0, 0)]))).toEqual([
      { position: 1, relation: 16385, column: 2 },
      { position: 2, relation: 0, column: 0 },
    ]);
  });

  it('is read past names that look like its own syntax', () => {
    const odd = String.raw`we\{ir\}d\ :resno\ 5\ \(x\)`;
    expect(targetEntries(query([entry(1, 7, 3, odd), entry(2, 8, 4)]))).toEqual([
      { position: 1, relation: 7, column: 3 },
      { position: 2, relation: 8, column: 4 },
    ]);
  });

  it('is empty for what is no query', () => {
    expect(targetEntries('<>')).toEqual([]);
    expect(targetEntries('({QUERY :targetList <>})')).toEqual([]);
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(targetEntries(text)) && Array.isArray(targetEntries(`({QUERY :targetList (${text}`))));
  });
});
