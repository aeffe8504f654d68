import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HistoryHarness } from './testing/history-harness.ts';

let lake: HistoryHarness;
beforeEach(async () => {
  lake = await HistoryHarness.create();
});
afterEach(() => lake.close());

const TYPES = {
  id: 'int8',
  name: 'text',
  price: `numeric:${((10 << 16) | 2) + 4}`,
  at: 'timestamptz',
  day: 'date',
  ok: 'bool',
  f: 'float8',
  raw: 'bytea',
  tags: '_text',
};

describe('history tables', () => {
  it('hold every change once, typed, with its context', async () => {
    await lake.append([
      {
        op: 'c',
        after:
          '{"id":9007199254740993,"name":"ünï \\"q\\"\\n","price":"12.50","at":"2026-01-31T08:00:00.123456Z","day":"2016-11-04Z","ok":true,"f":"NaN","raw":"AP8Q","tags":["a",null]}',
        headers: { actor: 'ada', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
      },
      {
        op: 'u',
        before: '{"id":9007199254740993,"name":"old"}',
        after: '{"id":9007199254740993,"name":"new","price":null,"at":null,"day":null,"ok":false,"f":1.5,"raw":null,"tags":[]}',
      },
      { op: 'd', before: '{"id":9007199254740993,"name":"new"}', headers: { actor: 'forged', verified: 'false' } },
      { op: 't' },
    ]);
    await lake.appendRaw([null]);
    const feeds = await lake.run(TYPES);
    await lake.eventually(async () => feeds.tables[0]?.partitions[0]?.state.applied !== null && feeds.tables.length === 1);
    const rows = await lake.history();
    expect(rows[0]).toEqual({
      id: 9007199254740993n,
      name: 'ünï "q"\n',
      price: '12.50',
      at: '2026-01-31T08:00:00.123456Z',
      day: '2016-11-04',
      ok: true,
      f: NaN,
      raw: new Uint8Array([0, 255, 16]),
      tags: '["a",null]',
      _change_type: 'insert',
      _commit_lsn: 2n,
      _ordinal: 0n,
      _commit_time: '2023-11-14T22:13:20.000123Z',
      _actor: 'ada',
      _trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
      _partition: 0,
      _offset: 0n,
      _unchanged: null,
      _unrepresentable: null,
    });
    expect(rows.map(({ _change_type: type, id, name, _actor: actor }) => [type, id, name, actor])).toEqual([
      ['insert', 9007199254740993n, 'ünï "q"\n', 'ada'],
      ['update', 9007199254740993n, 'new', null],
      ['delete', 9007199254740993n, 'new', null],
      ['truncate', null, null, null],
    ]);
  });

  it('are the same where rows go over as NDJSON', async () => {
    const after =
      '{"id":9007199254740993,"name":"ü\\n","price":"12.50","at":"2026-01-31T08:00:00.123456Z","day":"2016-11-04Z","ok":true,"f":"-Infinity","raw":"AP8Q","tags":["a"]}';
    await lake.append([{ op: 'c', after }], 'one');
    await lake.append([{ op: 'c', after, lsn: 2n }], 'two');
    const one = await lake.run(TYPES, {}, 'a');
    await lake.settled(one, 'one');
    await lake.settled(one, 'two');
    await lake.lakehouse.drop({ schema: 'public', name: 'two_history' });
    await one.drain();
    await lake.settled(await lake.run(TYPES, {}, 'b', 'databricks'), 'two');
    expect(await lake.history('two')).toEqual(await lake.history('one'));
  });

  it('keep what a type can not hold beside the null', async () => {
    const after = '{"id":1,"name":"n","price":"NAN","at":"infinity","day":"-0043-03-15Z","ok":null,"f":1e300,"raw":null,"tags":null}';
    await lake.append([
      { op: 'c', after },
      { op: 'c', after: '{"id":2,"price":"1.999","at":"+12345-01-01T00:00:00.000000Z","day":"0000-01-01Z"}' },
    ]);
    const feeds = await lake.run(TYPES);
    await lake.settled(feeds);
    const rows = await lake.history();
    expect(rows[0]).toMatchObject({ price: null, at: null, day: null, f: 1e300 });
    expect(JSON.parse(String(rows[0]?.['_unrepresentable']))).toEqual({ price: 'NAN', at: 'infinity', day: '-0043-03-15Z' });
    expect(JSON.parse(String(rows[1]?.['_unrepresentable']))).toEqual({ price: '1.999', at: '+12345-01-01T00:00:00.000000Z', day: '0000-01-01Z' });
  });

  it('follow added, dropped, widened, renamed and retyped columns', async () => {
    const types: Record<string, string> = { id: 'int4', a: 'int4', gone: 'text' };
    const feeds = await lake.run(types);
    await lake.append([{ op: 'c', after: '{"id":1,"a":7,"gone":"x"}' }]);
    await lake.settled(feeds);
    delete types['gone'];
    Object.assign(types, { a: 'int8', added: 'bool' });
    await lake.append([{ op: 'c', after: '{"id":2,"a":9007199254740993,"added":true}' }]);
    await lake.settled(feeds);
    Object.assign(types, { a: 'text' });
    delete types['added'];
    Object.assign(types, { renamed: 'bool' });
    await lake.append([{ op: 'c', after: '{"id":3,"a":"seven","renamed":false}' }]);
    await lake.settled(feeds);
    const rows = await lake.history();
    expect(rows.map(({ id, a, a__string: text, gone, added, renamed }) => [id, a, text, gone, added, renamed])).toEqual([
      [1, 7n, null, 'x', null, null],
      [2, 9007199254740993n, null, null, true, null],
      [3, null, 'seven', null, null, false],
    ]);
    expect(rows.every((row) => row['_unrepresentable'] === null)).toBe(true);
  });

  it('are of text alone where no catalogue is known', async () => {
    const feeds = await lake.run(undefined);
    await lake.append([{ op: 'c', after: '{"id":9007199254740993,"ok":true,"list":[1]}' }]);
    await lake.settled(feeds);
    expect(await lake.history()).toMatchObject([{ id: '9007199254740993', ok: 'true', list: '[1]' }]);
  });

  it('let the rest flow past a record that is no change, which is parked with its offset', async () => {
    await lake.append([{ op: 'c', after: '{"id":1}' }]);
    await lake.appendRaw([
      'no json',
      '{"op":"c"}',
      '{"before":null,\n"after":{"id":5},"source":{"version":"1","schema":"public","table":"t","ts_ms":1,"ts_us":1000,"lsn":4},"op":"c"}',
    ]);
    await lake.append([
      { op: 'c', after: '{"id":2}' },
      { op: 'c', after: '{"id":3}', table: 'other' },
    ]);
    const feeds = await lake.run({ id: 'int4' });
    await lake.settled(feeds);
    expect((await lake.history()).map(({ id }) => id)).toEqual([1, 5, 2]);
    const parked = await lake.lakehouse.relation({ schema: 'lakeloop', name: 'parked' });
    const rows = await lake.query(`select "offset", reason, decode(value) as value from ${parked.sql} order by "offset"`);
    expect(rows.map(({ offset }) => offset)).toEqual([1n, 2n, 5n]);
    expect(rows[0]).toMatchObject({ value: 'no json' });
    await parked.release();
  });

  it('leave out events that capture publishes again', async () => {
    const feeds = await lake.run({ id: 'int4' });
    await lake.append([
      { op: 'c', after: '{"id":1}', lsn: 16n },
      { op: 'c', after: '{"id":2}', lsn: 16n, ordinal: 1 },
    ]);
    await lake.settled(feeds);
    await feeds.drain();
    await lake.append([
      { op: 'c', after: '{"id":1}', lsn: 16n },
      { op: 'c', after: '{"id":2}', lsn: 16n, ordinal: 1 },
      { op: 'c', after: '{"id":3}', lsn: 16n, ordinal: 2 },
    ]);
    await lake.settled(await lake.run({ id: 'int4' }));
    expect((await lake.history()).map(({ id }) => id)).toEqual([1, 2, 3]);
  });

  it('hold nothing twice when two instances feed them', async () => {
    const [one, two] = [await lake.run({ id: 'int4' }, {}, 'a'), await lake.run({ id: 'int4' }, {}, 'b')];
    for (let from = 0; from < 2_000; from += 100)
      await lake.append(Array.from({ length: 100 }, (_, index) => ({ op: 'c' as const, after: `{"id":${from + index}}`, key: `{"id":${from + index}}` })));
    await lake.settled(one);
    await lake.settled(two);
    expect((await lake.history()).map(({ id }) => id)).toEqual(Array.from({ length: 2_000 }, (_, index) => index));
  });
});
