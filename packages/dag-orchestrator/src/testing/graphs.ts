import type {
  ApprovalNode,
  DagGraph,
  GraphGroup,
  GraphNode,
  JobNode,
  SubDagNode,
} from '@job-orchestrator/types';

/** A job node that needs these; everything else as plain as can be. */
export const jobNode = (
  name: string,
  needs: readonly number[] = [],
  changes: Partial<JobNode> = {},
): JobNode => ({
  kind: 'job',
  description: null,
  name,
  final: false,
  needs,
  triggerRule: 'all_success',
  when: null,
  forEach: null,
  group: null,
  reads: [],
  outputs: null,
  job: { image: 'busybox' },
  inputs: null,
  ...changes,
});

const baseOf = (name: string, needs: readonly number[]) => {
  const { kind: _, job: __, inputs: ___, ...base } = jobNode(name, needs);
  return base;
};

/** A node that asks a person, for an hour unless told otherwise. */
export const approvalNode = (
  name: string,
  needs: readonly number[] = [],
  changes: Partial<ApprovalNode> = {},
): ApprovalNode => ({
  ...baseOf(name, needs),
  kind: 'approval',
  message: 'May it go on?',
  timeoutSeconds: 3_600,
  onTimeout: 'fail',
  ...changes,
});

/** A node that runs another DAG. */
export const subDagNode = (
  name: string,
  dag: string,
  needs: readonly number[] = [],
  changes: Partial<SubDagNode> = {},
): SubDagNode => ({
  ...baseOf(name, needs),
  kind: 'dag',
  dag: { name: dag, version: null },
  inputs: null,
  ...changes,
});

/** A graph of these nodes. */
export const graphOf = (
  nodes: readonly GraphNode[],
  changes: Partial<DagGraph> = {},
  groups: readonly GraphGroup[] = [],
): DagGraph => ({
  format: 1,
  name: 'sample',
  project: 'default',
  description: null,
  inputs: {},
  outputs: {},
  outputReads: [],
  maxParallel: null,
  deadlineSeconds: 604_800,
  failFast: false,
  groups,
  nodes,
  ...changes,
});
