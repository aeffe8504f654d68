import { describe, expect, it } from '@jest/globals';
import type { Action } from './actions.ts';
import { Replay } from './snapshot.ts';

const table: Action[] = [
  { protocol: { minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ['deletionVectors'], writerFeatures: ['deletionVectors'] } },
  {
    metaData: { id: 'x', format: { provider: 'parquet', options: {} }, schemaString: '{"type":"struct","fields":[]}', partitionColumns: [], configuration: {} },
  },
];
const file = { path: 'a', partitionValues: {}, size: 1, modificationTime: 0, dataChange: true };
const withVector: Action = { add: { ...file, deletionVector: { storageType: 'u' } } };
const removal: Action = { remove: { path: 'a', dataChange: true, deletionTimestamp: 1 } };

describe('replaying a log', () => {
  it('keeps a file that one commit removes and adds again with a deletion vector, in whatever order they stand', () => {
    for (const commit of [
      [withVector, removal],
      [removal, withVector],
    ]) {
      const replay = new Replay();
      replay.apply([...table, { add: file }]);
      replay.apply(commit);
      expect(replay.snapshot(1n, 0)?.files.get('a')?.deletionVector).toBeDefined();
    }
  });

  it('takes a removal in a checkpoint for the former state of a file that is there too', () => {
    for (const parts of [
      [[withVector], [removal]],
      [[removal], [withVector]],
    ]) {
      const replay = new Replay();
      replay.restore(table);
      for (const part of parts) replay.restore(part);
      expect([...(replay.snapshot(1n, 0)?.files.keys() ?? [])]).toEqual(['a']);
    }
  });
});
