import type { DagGraph, NodeProgress, RunProgress } from '@job-orchestrator/types';

/** A node before anything happened. */
export const initialNode = (): NodeProgress => ({
  state: 'waiting',
  reason: null,
  message: null,
  parents: { completed: 0, failed: 0, skipped: 0 },
  items: null,
  stopping: false,
});

/** A run before its first step. */
export const initialRun = ({ nodes, groups }: DagGraph): RunProgress => {
  const openFinal = nodes.filter(({ final }) => final).length;
  return {
    state: 'pending',
    phase: 'main',
    stopping: null,
    stopText: null,
    message: null,
    mainState: null,
    running: 0,
    groups: groups.map(() => ({ running: 0, cursor: 0 })),
    open: nodes.length - openFinal,
    openFinal,
    failures: 0,
    startable: 0,
    nodeRuns: nodes.length,
    outputs: null,
  };
};
