import type { AttemptRecord } from '@job-orchestrator/types';

/** The node that attempt `number` should prefer others to: its predecessor met a fault of the infrastructure there. */
export const nodeToAvoid = (attempts: readonly AttemptRecord[], number: number): string | null => {
  const last = attempts.filter((each) => each.number < number && each.failure !== null).at(-1);
  return last?.failure?.category === 'infrastructure' ? last.node : null;
};
