import type { DagRunDto } from '@job-orchestrator/types';
import { createColors } from 'picocolors';
import type { TreeNode } from '../views/node-line.ts';

export const id = '01a20906-1979-71a5-b11f-c702b97e8520';
export const begun = '2026-01-01T00:00:00.000Z';
export const now = new Date('2026-01-01T00:00:10.000Z');
/** A run that began ten seconds before `now`. */
export const run: DagRunDto = {
  id,
  project: 'default',
  dag: 'nightly',
  version: 3,
  state: 'running',
  inputs: {},
  outputs: null,
  stopping: null,
  message: null,
  createdAt: begun,
  createdBy: 'api',
  reason: 'a test',
  startedAt: begun,
  finishedAt: null,
  deadlineAt: '2026-01-08T00:00:00.000Z',
  pausedAt: null,
  cancelRequestedAt: null,
  retryOf: null,
  parent: null,
  schedule: null,
  scheduledAt: null,
  backfillId: null,
  heldTopic: null,
  open: 1,
};
export const plain = createColors(false);
/** A node of it that waits. */
export const node = (number: number, changes: Partial<TreeNode> = {}): TreeNode => ({
  run: id,
  depth: 0,
  childRun: null,
  approval: null,
  node: number,
  item: null,
  name: `n${number}`,
  state: 'waiting',
  reason: null,
  message: null,
  jobId: null,
  jobState: null,
  attempt: null,
  attemptStartedAt: null,
  attemptFinishedAt: null,
  keptFrom: null,
  again: null,
  items: null,
  startedAt: null,
  finishedAt: null,
  ...changes,
});
