import type { NodeRunState } from './dag.ts';

/** Each state by a sign of its own, in pictures and on terminals alike: colours alone do not reach everybody. */
export const nodeSigns: Readonly<Record<NodeRunState, string>> = {
  waiting: '·',
  ready: '○',
  running: '●',
  completed: '✔',
  failed: '✖',
  skipped: '–',
  cancelled: '■',
};
