import type { AcceptedOutput, OutputRepository } from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import type { Store } from '../connection/sql.ts';
import { acceptOutput, expectOutput, readOutput, type AcceptAnswer } from '../sql/attempt-outputs.ts';
import { keepFiles } from '../sql/output-files.ts';

const judge = (answer: AcceptAnswer, instance: string, digest: string): AcceptedOutput => {
  if (!answer.open) return 'closed';
  if (answer.instance === null) return 'too_early';
  if (answer.instance !== instance) return 'foreign';
  if (answer.accepted) return 'accepted';
  return answer.digest === digest ? 'repeated' : 'differs';
};

/** The outputs on their way, on one database. */
export const createOutputs = (store: Store): OutputRepository => ({
  expect: (owner, attempt, instance) =>
    withRetries('repeatable', () => expectOutput(store, owner, attempt, instance)),
  // Twice is as good as once: the second run finds what the first one stored.
  accept: async (delivered) => {
    const answer = await withRetries('repeatable', () => acceptOutput(store, delivered));
    return judge(answer, delivered.instance, delivered.digest);
  },
  accepted: (attempt) => withRetries('repeatable', () => readOutput(store, attempt)),
  keepFiles: (owner, attempt, files) =>
    withRetries('repeatable', () => keepFiles(store, owner, attempt, files)),
});
