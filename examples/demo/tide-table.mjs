// A node of the demo that fails at its first attempt, as something fetched from elsewhere may: it is tried again.
import { writeOutput } from './output.mjs';

const attempt = Number(process.env.JOB_ORCHESTRATOR_ATTEMPT);
console.log(`asking for the tide table, attempt ${attempt}`);
if (attempt === 1) {
  console.error('no answer: exit code 75');
  process.exit(75);
}
writeOutput({ highWater: '06:42' });
console.log('got it');
