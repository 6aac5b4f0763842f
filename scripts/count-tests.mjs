// node scripts/count-tests.mjs REPORT EXIT_CODE → "PASSED FAILED" of one vitest run. A run that wrote no report, or
// failed beside its tests (an unhandled rejection, a file that does not load), counts as one failure at least.
import { readFileSync } from 'node:fs';

const [path, exitCode] = process.argv.slice(2);

const readReport = () => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0 };
  }
};

const { numPassedTests, numFailedTests } = readReport();
const nothingRan = numPassedTests + numFailedTests === 0;
const failed = numFailedTests === 0 && (exitCode !== '0' || nothingRan) ? 1 : numFailedTests;
console.log(`${numPassedTests} ${failed}`);
