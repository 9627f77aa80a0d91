// Counts a jest report for .ci/run. Prints `PASSED FAILED REMARK` on standard output and every failure, one a line, on
// standard error.
//
//   node scripts/ci-count.mjs REPORT.json SUITE,SUITE EXIT-CODE
//
// A suite (a folder of test/) that ran no test is a failure: "nothing went wrong" must never stand in for "it was tested".
// For the same reason skipped end-to-end tests are failures, a file that could not be loaded is one, and so is an exit
// code other than 0 that no counted failure explains.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [reportPath = '', suiteList = '', exitCode = '1'] = process.argv.slice(2);
const wanted = suiteList.split(',').filter((suite) => suite !== '');

const failures = [];
const perSuite = new Map(wanted.map((suite) => [suite, { passed: 0, skipped: 0 }]));

const readReport = () => {
  if (!existsSync(reportPath)) return undefined;
  try {
    return JSON.parse(readFileSync(reportPath, 'utf8'));
  } catch {
    return undefined;
  }
};

const firstLine = (text) =>
  (text ?? '')
    .split('\n')
    .find((line) => line.trim() !== '')
    ?.trim() ?? '';

const report = readReport();
if (report === undefined) {
  failures.push(`jest left no report (exit code ${exitCode})`);
} else {
  for (const file of report.testResults) {
    const path = relative(root, file.name).replaceAll('\\', '/');
    const suite = path.split('/')[1] ?? '';
    const counts = perSuite.get(suite) ?? { passed: 0, skipped: 0 };
    perSuite.set(suite, counts);
    for (const test of file.assertionResults) {
      if (test.status === 'passed') counts.passed += 1;
      else if (test.status === 'failed') failures.push(`${path}: ${test.fullName}`);
      else {
        counts.skipped += 1;
        if (suite === 'e2e') failures.push(`${path}: ${test.fullName} (skipped)`);
      }
    }
    const explained = file.assertionResults.some((test) => test.status === 'failed');
    if (file.status === 'failed' && !explained)
      failures.push(`${path}: did not run: ${firstLine(file.message)}`);
  }
  for (const suite of wanted) {
    if (perSuite.get(suite).passed === 0) failures.push(`${suite}: not one test passed`);
  }
  if (exitCode !== '0' && failures.length === 0) failures.push(`jest ended with exit code ${exitCode}`);
}

const passed = [...perSuite.values()].reduce((sum, counts) => sum + counts.passed, 0);
const remark = [...perSuite]
  .map(
    ([suite, counts]) =>
      `${suite} ${counts.passed}${counts.skipped > 0 ? ` (${counts.skipped} skipped)` : ''}`,
  )
  .join(', ');
console.log(`${passed} ${failures.length} ${remark}`);
for (const failure of failures) console.error(failure);
