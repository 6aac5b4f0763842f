import {
  didYouMean,
  invalidInput,
  limits,
  OrchestratorError,
  type Topic,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';

/** Stops claims from a topic; what runs goes on. */
export const pauseTopic = (
  deps: OperationDeps,
  project: string,
  name: string,
  context: WriteContext,
): Promise<Topic> => deps.database.topics.setPaused(project, name, true, context);

const refuseUnknown = async (deps: OperationDeps, project: string, name: string): Promise<void> => {
  const names = (await deps.database.topics.list(project)).map((topic) => topic.name);
  if (names.includes(name)) return;
  const near = didYouMean(name, names);
  const hint = near === null ? '' : `; did you mean ${near}?`;
  throw new OrchestratorError('topic_not_found', `there is no topic ${name}${hint}`);
};

/**
 * Lets claims from a topic go on, at once. Throws `topic_not_found`: what does not exist was never paused, so the name is
 * a typing error. (`pause` and `limit` make the topic: both may be said before its first job.)
 */
export const resumeTopic = async (
  deps: OperationDeps,
  project: string,
  name: string,
  context: WriteContext,
): Promise<Topic> => {
  await refuseUnknown(deps, project, name);
  return deps.database.topics.setPaused(project, name, false, context);
};

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
