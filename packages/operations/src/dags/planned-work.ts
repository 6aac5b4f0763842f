import type { DagGraph, DagPins, RunPlanDto } from '@job-orchestrator/types';

type PlannedNode = RunPlanDto['nodes'][number];

/** What a plan tells of a node whatever becomes of it. */
export type PlannedWork = Pick<
  PlannedNode,
  'name' | 'kind' | 'level' | 'final' | 'needs' | 'image' | 'dag' | 'profile' | 'cached'
>;

/** By node: how many others must end one after the other before it. The final ones follow all the others. */
const levelsOf = ({ nodes }: DagGraph): readonly number[] => {
  const levels: number[] = [];
  let ordinary = -1;
  for (const { needs, final } of nodes) {
    const level = needs.reduce((most, need) => Math.max(most, levels[need]! + 1), final ? ordinary + 1 : 0);
    levels.push(level);
    if (!final) ordinary = Math.max(ordinary, level);
  }
  return levels;
};

/** The nodes of a graph, in order, as plans tell of them. */
export const plannedWork = (graph: DagGraph, pins: DagPins): readonly PlannedWork[] => {
  const levels = levelsOf(graph);
  return graph.nodes.map((node, at) => ({
    name: node.name,
    kind: node.kind,
    level: levels[at]!,
    final: node.final,
    needs: node.needs.map((need) => graph.nodes[need]!.name),
    image: node.kind === 'job' ? node.job.image : null,
    dag:
      node.kind === 'dag'
        ? { name: node.dag.name, version: node.dag.version ?? pins[node.dag.name] ?? null }
        : null,
    profile: node.kind === 'job' ? (node.job.profile ?? null) : null,
    cached: node.kind === 'job' && node.cache !== undefined,
  }));
};
