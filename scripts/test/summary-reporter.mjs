// Jest reporter: leaves the run's counts in the file that scripts/test/run.ts names. A suite that could not run at all counts as a failure.
import { writeFileSync } from 'node:fs';

export default class SummaryReporter {
  onRunComplete(_contexts, results) {
    const file = process.env.LAKELOOP_TEST_SUMMARY;
    if (!file) return;
    const counts = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
      suites: results.numTotalTestSuites,
    };
    writeFileSync(file, JSON.stringify(counts));
  }
}
