import {
  OrchestratorError,
  type ApprovalAnswer,
  type ApprovalRecord,
  type AnswerResult,
  type DagRunId,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { readRun } from './find-run.ts';

/** The answer that counts. `first` false: the same one was given before, by the person that it names. */
export interface GivenAnswer {
  readonly first: boolean;
  readonly approval: ApprovalRecord;
}

const refusal = (id: DagRunId, node: string, { approval, state }: AnswerResult): OrchestratorError => {
  const what = `Node ${node} of DAG run ${id}`;
  if (state === null)
    return new OrchestratorError('approval_not_found', `DAG run ${id} has no node ${node}.`);
  if (approval === null)
    return new OrchestratorError('approval_not_open', `${what} is ${state} and has asked nobody.`);
  const { answeredBy, answeredAt, expiresAt } = approval;
  if (answeredBy !== null)
    return new OrchestratorError(
      'approval_answered',
      `${what} was ${approval.state} by ${answeredBy} at ${answeredAt!.toISOString()}.`,
    );
  const over =
    approval.state === 'cancelled' ? 'its run stopped' : `it expired at ${expiresAt.toISOString()}`;
  return new OrchestratorError('approval_not_open', `${what} waits for no answer any more: ${over}.`);
};

/**
 * Answers what a node asks; `context` says who, and the reason is the note. The first answer counts: the same again is
 * told so, another is refused. Throws `dag_run_not_found`, `approval_not_found`, `approval_not_open`,
 * `approval_answered`.
 */
export const answerApproval = async (
  deps: OperationDeps,
  id: DagRunId,
  node: string,
  answer: ApprovalAnswer,
  context: WriteContext,
): Promise<GivenAnswer> => {
  await readRun(deps, id);
  const result = await deps.database.dags.answerApproval(id, node, answer, context);
  const { first, approval } = result;
  if (approval !== null && (first || approval.state === answer)) return { first, approval };
  throw refusal(id, node, result);
};
