import { isOrchestratorError, type OrchestratorError } from '@job-orchestrator/types';

/** The error of ours that some work fails with. */
export const failure = async (work: Promise<unknown>): Promise<OrchestratorError> => {
  const error: unknown = await work.then(
    () => null,
    (fault: unknown) => fault,
  );
  if (isOrchestratorError(error)) return error;
  throw new Error('did not fail with an error of ours', { cause: error });
};
