// How a job reads its inputs and writes its output; each job of the demo uses these two.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** The inputs are in the file that JOB_ORCHESTRATOR_INPUT names. */
export const readInputs = () => JSON.parse(readFileSync(process.env.JOB_ORCHESTRATOR_INPUT, 'utf8'));

/** Written aside and renamed: a reader finds the whole output or none. */
export const writeOutput = (value) => {
  const target = process.env.JOB_ORCHESTRATOR_OUTPUT;
  writeFileSync(`${target}.tmp`, JSON.stringify(value));
  renameSync(`${target}.tmp`, target);
};
