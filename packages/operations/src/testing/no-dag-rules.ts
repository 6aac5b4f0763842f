import type { DagRules } from '../dependencies.ts';

const unused = (): never => {
  throw new Error('these tests define no DAGs; dag-orchestrator tests the operations about them');
};

/** Stands where operations about jobs never look. */
export const dagRules: DagRules = {
  compile: unused,
  completeInputs: unused,
  preview: unused,
  inputReads: unused,
  outputInputs: unused,
  schedules: {
    problems: unused,
    next: unused,
    upcoming: unused,
    between: unused,
    resume: unused,
    inputsAt: unused,
    day: unused,
  },
};
