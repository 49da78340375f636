/** Ends a test run with one plain line of true counts, and fails a run that skipped tests when `REQUIRE_ALL=1`. */
import { writeSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

// A path in `reporters` is loaded by its default export.
// oxlint-disable-next-line import/no-default-export
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    // What failed outside of a test counts too: a file that can't be loaded, a hook, a rejection nobody caught.
    const outside = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const failed =
      tests.filter((test) => test.result().state === 'failed').length +
      outside.filter((place) => place.errors().length > 0).length +
      unhandled.length;

    if (process.env['REQUIRE_ALL'] === '1' && skipped.length > 0) {
      process.exitCode = 1;
      for (const test of skipped)
        console.error(`skipped under REQUIRE_ALL=1: ${test.module.relativeModuleId} > ${test.fullName}`);
    }
    const line = `${passed} passed, ${failed} failed` + (skipped.length > 0 ? `, ${skipped.length} skipped` : '');
    process.once('exit', () => writeSync(1, `${line}\n`));
  }
}
