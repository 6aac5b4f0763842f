import type { GivenAnswer } from '@job-orchestrator/operations';
import type {
  ApprovalDto,
  ApprovalRecord,
  ApprovalSummary,
  ApprovalSummaryDto,
  CancelRunAnswer,
  DagRunDto,
  DagRunRecord,
  DagSummary,
  DagSummaryDto,
  DagVersion,
  DagVersionDto,
  DagVersionSummary,
  DagVersionSummaryDto,
  GivenAnswerDto,
  NodeRunDto,
  NodeRunRecord,
  RunChangeDto,
} from '@job-orchestrator/types';

export const isoOrNull = (at: Date | null): string | null => at?.toISOString() ?? null;

export const toDagSummary = (dag: DagSummary): DagSummaryDto => ({
  ...dag,
  createdAt: dag.createdAt.toISOString(),
});

export const toDagVersion = (dag: DagVersion): DagVersionDto => ({
  ...dag,
  graph: dag.graph as unknown as DagVersionDto['graph'],
  createdAt: dag.createdAt.toISOString(),
  deletedAt: isoOrNull(dag.deletedAt),
});

export const toDagVersionSummary = (version: DagVersionSummary): DagVersionSummaryDto => ({
  ...version,
  createdAt: version.createdAt.toISOString(),
});

export const toDagRun = (run: DagRunRecord): DagRunDto => ({
  ...run,
  createdAt: run.createdAt.toISOString(),
  startedAt: isoOrNull(run.startedAt),
  finishedAt: isoOrNull(run.finishedAt),
  deadlineAt: run.deadlineAt.toISOString(),
  pausedAt: isoOrNull(run.pausedAt),
  cancelRequestedAt: isoOrNull(run.cancelRequestedAt),
  scheduledAt: isoOrNull(run.scheduledAt),
});

const toApproval = <Approval extends ApprovalRecord>(approval: Approval) => ({
  ...approval,
  askedAt: approval.askedAt.toISOString(),
  expiresAt: approval.expiresAt.toISOString(),
  answeredAt: isoOrNull(approval.answeredAt),
});

export const toApprovalSummary: (approval: ApprovalSummary) => ApprovalSummaryDto = toApproval;

export const toGivenAnswer = ({ first, approval }: GivenAnswer): GivenAnswerDto => ({
  first,
  approval: toApproval(approval) satisfies ApprovalDto,
});

export const toNodeRun = (node: NodeRunRecord): NodeRunDto => ({
  ...node,
  approval: node.approval === null ? null : toApproval(node.approval),
  attemptStartedAt: isoOrNull(node.attemptStartedAt),
  attemptFinishedAt: isoOrNull(node.attemptFinishedAt),
  startedAt: isoOrNull(node.startedAt),
  finishedAt: isoOrNull(node.finishedAt),
});

export const toRunChange = ({ kind, state }: CancelRunAnswer): RunChangeDto => ({ answer: kind, state });
