import { invalidInput, limits, type Topic, type WriteContext } from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';

/** Stops claims from a topic; what runs goes on. */
export const pauseTopic = (
  deps: OperationDeps,
  project: string,
  name: string,
  context: WriteContext,
): Promise<Topic> => deps.database.topics.setPaused(project, name, true, context);

/** Lets claims from a topic go on, at once. */
export const resumeTopic = (
  deps: OperationDeps,
  project: string,
  name: string,
  context: WriteContext,
): Promise<Topic> => deps.database.topics.setPaused(project, name, false, context);

const limitProblem = (limit: number | null): boolean =>
  limit !== null && !(Number.isSafeInteger(limit) && limit >= 1 && limit <= limits.topicLimit);

/** Limits how many jobs of a topic run at once; null removes the limit. Throws `invalid_input`. */
export const limitTopic = async (
  deps: OperationDeps,
  project: string,
  name: string,
  limit: number | null,
  context: WriteContext,
): Promise<Topic> => {
  if (limitProblem(limit)) {
    const message = `must be a whole number between 1 and ${limits.topicLimit}, or null for none; use pause to run nothing`;
    throw invalidInput([{ field: 'limit', message, limit: limits.topicLimit, value: String(limit) }]);
  }
  return deps.database.topics.setLimit(project, name, limit, context);
};
