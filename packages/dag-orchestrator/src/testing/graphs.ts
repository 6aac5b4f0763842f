import type { DagGraph, GraphGroup, JobNode } from '@job-orchestrator/types';

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

/** A graph of these nodes. */
export const graphOf = (
  nodes: readonly JobNode[],
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
