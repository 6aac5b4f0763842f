import type { DagGraph, GraphNode, NodeJobEnd } from '@job-orchestrator/types';
import { graphOf } from './graphs.ts';
import type { Outcome } from './reference.ts';
import { createSimulation, scriptedExpressions } from './simulation.ts';

/** The end of a job, or of a sub-DAG. */
export const end = (
  node: number,
  state: NodeJobEnd['state'],
  item: number | null = null,
  message: string | null = null,
): NodeJobEnd => ({ node, item, state, message, output: null });

/** A simulated run of these nodes after its first step. */
export const begin = (
  nodes: readonly GraphNode[],
  changes: Partial<DagGraph> = {},
  outcomes: readonly Partial<Outcome>[] = [],
  limits: Parameters<typeof createSimulation>[2] = {},
) => {
  const graph = graphOf(nodes, changes);
  const scripted = nodes.map((_, at) => ({
    condition: true,
    items: ['completed'] as const,
    ...outcomes[at],
  }));
  const simulation = createSimulation(graph, scriptedExpressions(graph, scripted), limits);
  const plan = simulation.advance();
  return { ...simulation, plan };
};

/** The state of each node, with its reason where it has one. */
export const told = ({ nodes }: Pick<ReturnType<typeof begin>, 'nodes'>): readonly string[] =>
  nodes.map(({ state, reason }) => (reason === null ? state : `${state} ${reason}`));
