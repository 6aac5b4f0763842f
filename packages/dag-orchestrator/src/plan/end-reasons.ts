import type { GraphNode, NodeReason } from '@job-orchestrator/types';

/** Why a node is failed or cancelled whose job, or whose run of a sub-DAG, ended so. */
export const endReasons = ({ kind }: GraphNode): Readonly<Record<'failed' | 'cancelled', NodeReason>> =>
  kind === 'dag'
    ? { failed: 'sub_dag_failed', cancelled: 'sub_dag_cancelled' }
    : { failed: 'job_failed', cancelled: 'job_cancelled' };
