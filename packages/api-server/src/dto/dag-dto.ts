import type {
  CancelRunAnswer,
  DagRunDto,
  DagRunRecord,
  DagSummary,
  DagSummaryDto,
  NodeRunDto,
  NodeRunRecord,
  RunChangeDto,
} from '@job-orchestrator/types';

const isoOrNull = (at: Date | null): string | null => at?.toISOString() ?? null;

export const toDagSummary = (dag: DagSummary): DagSummaryDto => ({
  ...dag,
  createdAt: dag.createdAt.toISOString(),
});

export const toDagRun = (run: DagRunRecord): DagRunDto => ({
  ...run,
  createdAt: run.createdAt.toISOString(),
  startedAt: isoOrNull(run.startedAt),
  finishedAt: isoOrNull(run.finishedAt),
  deadlineAt: run.deadlineAt.toISOString(),
  pausedAt: isoOrNull(run.pausedAt),
  cancelRequestedAt: isoOrNull(run.cancelRequestedAt),
});

export const toNodeRun = (node: NodeRunRecord): NodeRunDto => ({
  ...node,
  startedAt: isoOrNull(node.startedAt),
  finishedAt: isoOrNull(node.finishedAt),
});

export const toRunChange = ({ kind, state }: CancelRunAnswer): RunChangeDto => ({ answer: kind, state });
