import type { Problem } from '@job-orchestrator/types';
import { isOrchestratorError, mapProblems } from '@job-orchestrator/types/errors';

/** Throws an error that a server answered again, its problems shown where they stand in a file. */
export const rethrowPlaced =
  (place: (problem: Problem) => Problem) =>
  async (error: unknown): Promise<never> => {
    if (!isOrchestratorError(error) || error.problems.length === 0) throw error;
    const { refusal } = await import('@job-orchestrator/types');
    throw refusal(error.code, mapProblems(error.problems, place));
  };
