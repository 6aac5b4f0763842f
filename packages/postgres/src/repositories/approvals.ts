import type {
  AnswerResult,
  ApprovalAnswer,
  DagRepository,
  DagRunId,
  WriteContext,
} from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import type { Sql, Store } from '../connection/sql.ts';
import * as approvals from '../sql/dags/approvals.ts';
import { pageOf } from './cursors.ts';

const resultOf = (found: approvals.FoundQuestion | null, first: boolean): AnswerResult => {
  const approval = found === null || found.approval === null ? null : approvals.toApproval(found.approval);
  return { first, approval, state: found?.state ?? null };
};

/** Answers an open question under the lock of its run, so that a step sees it whole or not at all. */
export const answerApproval = async (
  sql: Sql,
  run: DagRunId,
  node: string,
  answer: ApprovalAnswer,
  context: WriteContext,
): Promise<AnswerResult> => {
  await approvals.lockForAnswer(sql, run);
  const found = await approvals.findApproval(sql, run, node);
  if (found === null || !found.open) return resultOf(found, false);
  await approvals.storeAnswer(sql, run, found.node, answer, context);
  return resultOf(await approvals.findApproval(sql, run, node), true);
};

/** Pages of questions that wait. */
export const approvalPages =
  (store: Store): DagRepository['listApprovals'] =>
  async (filter, page) => {
    const found = await pageOf(
      page,
      (after, limit) => {
        const behind = [after?.[0] ?? null, Number(after?.[1]) || 0] as const;
        return withRetries('repeatable', () => approvals.listApprovals(store, filter, behind, limit));
      },
      ({ run, index }) => [run, String(index)],
      ['uuid', 'name'],
    );
    return { ...found, items: found.items.map(({ index: _, ...approval }) => approval) };
  };
