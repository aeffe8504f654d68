import { afterAll, beforeAll, describe } from '@jest/globals';
import type { ChangeLog } from './change-log.ts';
import { appendSuite } from './conformance/append.suite.ts';
import { groupSuite } from './conformance/group.suite.ts';
import { historySuite } from './conformance/history.suite.ts';
import { readerSuite } from './conformance/reader.suite.ts';
import type { ChangeLogHarness } from './conformance/harness.ts';
import { topicSuite } from './conformance/topic.suite.ts';

/** The contract of change-log.ts, sentence by sentence; every adapter's spec calls it. */
export function describeChangeLog(name: string, harness: ChangeLogHarness): void {
  describe(`${name} as a change log`, () => {
    let log: ChangeLog;
    beforeAll(async () => {
      log = await harness.start();
    }, 120_000);
    afterAll(() => harness.stop());
    const current = (): ChangeLog => log;
    topicSuite(current);
    appendSuite(current, harness);
    readerSuite(current);
    groupSuite(current, harness);
    historySuite(current, harness);
  });
}
