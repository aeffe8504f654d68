import { describe, expect, it } from '@jest/globals';
import type { ColumnType } from '../subscriptions/column-type.ts';
import { encoderOf } from './encode-value.ts';

const type = (name: string, modifier = -1, element?: ColumnType): ColumnType => ({
  name,
  builtIn: true,
  kind: 'b',
  modifier,
  delimiter: ',',
  sql: name,
  labels: null,
  ...(element ? { element } : {}),
});

describe('values of a snapshot, as the change topics write them', () => {
  it.each([
    ['int4', -1, '42', 42],
    ['int8', -1, '9007199254740993', 9007199254740993n],
    ['float8', -1, '0.1', 0.1],
    ['float8', -1, '-Infinity', '-Infinity'],
    ['numeric', -1, '1234.50', '1234.50'],
    ['numeric', -1, 'NaN', 'NAN'],
    ['money', -1, '-$1,234.11', '-1234.11'],
    ['bool', -1, 't', true],
    ['bit', 1, '1', true],
    ['bit', 12, '000000000001', 'AQA='],
    ['bytea', -1, '\\xdeadbeef', '3q2+7w=='],
    ['bpchar', 8, 'ab      ', 'ab      '],
    ['jsonb', -1, '{"a": 1}', '{"a": 1}'],
    ['date', -1, '2016-11-04', '2016-11-04Z'],
    ['date', -1, '12345-06-07', '+12345-06-07Z'],
    ['date', -1, '0044-03-15 BC', '-0043-03-15Z'],
    ['date', -1, 'infinity', 'infinity'],
    ['time', -1, '24:00:00', '24:00:00Z'],
    ['timetz', -1, '13:51:30.123789+02', '11:51:30.123789Z'],
    ['timetz', -1, '00:10:00-00:30:15', '00:40:15Z'],
    ['timestamp', -1, '2016-11-04 13:51:30.12', '2016-11-04T13:51:30.12Z'],
    ['timestamptz', -1, '2016-11-04 13:51:30.12+00', '2016-11-04T13:51:30.120000Z'],
    ['timestamptz', 3, '2016-11-04 13:51:30+00', '2016-11-04T13:51:30.000Z'],
    ['timestamptz', 0, '2016-11-04 13:51:30+00', '2016-11-04T13:51:30Z'],
    ['interval', -1, 'P1Y2M3DT4H5M6.78S', 'P1Y2M3DT4H5M6.78S'],
    ['interval', -1, 'P-1M-3DT-0.5S', 'P0Y-1M-3DT0H0M-0.5S'],
    ['interval', -1, 'PT0S', 'P0Y0M0DT0H0M0S'],
    ['hstore', -1, '"a"=>"1", "b\\"c"=>NULL', '{"a":"1","b\\"c":null}'],
    ['point', -1, '(1,2.5)', { x: 1, y: 2.5, wkb: 'AQEAAAAAAAAAAADwPwAAAAAAAARA', srid: null }],
    ['uuid', -1, '6b29fc40-ca47-1067-b31d-00dd010662da', '6b29fc40-ca47-1067-b31d-00dd010662da'],
  ] as const)('%s (%d) %s', (name, modifier, text, encoded) => {
    expect(encoderOf(type(name, modifier))(text)).toEqual(encoded);
  });

  it.each([
    ['{}', []],
    ['{1,NULL,3}', [1, null, 3]],
    ['[0:1]={1,2}', [1, 2]],
    [
      '{{1,2},{3,4}}',
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ])('an array %s', (text, encoded) => {
    expect(encoderOf(type('_int4', -1, type('int4')))(text)).toEqual(encoded);
  });

  it('an array of text with quotes, commas and the word NULL', () => {
    expect(encoderOf(type('_text', -1, type('text')))('{"a,b","say \\"x\\"","NULL",NULL,plain}')).toEqual(['a,b', 'say "x"', 'NULL', null, 'plain']);
  });

  it('does not take a user’s type for a built-in one of the same name', () => {
    expect(encoderOf({ ...type('int4'), builtIn: false })('42')).toBe('42');
  });
});
