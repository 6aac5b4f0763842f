import type { DagRunId, JsonObject, Repair, RepairPlanDto } from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import type { RerunFrom } from './again.ts';
import { checkSurroundings } from './plan-surroundings.ts';
import { plannedWork } from './planned-work.ts';
import { prepareRerun } from './rerun.ts';

/** What a run that repairs another would run again, and why it would be refused. */
export type RepairPlan = RepairPlanDto;

/** What is kept inside of a node that runs again. */
const keepsOf = ({ items, children }: Repair, node: number): RepairPlan['nodes'][number]['keeps'] => {
  if (items.includes(node)) return 'items';
  return Object.hasOwn(children, node) ? 'sub_dag' : null;
};

/**
 * What `rerun` would run again of an ended run, and everything of its surroundings for which it would be refused. Writes
 * nothing. What leaves nothing to plan is thrown, as `prepareRerun` throws it.
 */
export const planRerun = async (
  deps: OperationDeps,
  id: DagRunId,
  from: RerunFrom,
  given: JsonObject | null,
): Promise<RepairPlan> => {
  const { old, graph, inputs, ended, again, outputs, retry, pins } = await prepareRerun(
    deps,
    id,
    from,
    given,
  );
  const { project, dag, version } = old;
  const { kept } = retry;
  const { pins: allPins, ...surroundings } = await checkSurroundings(deps, { version, graph }, pins);
  return {
    run: id,
    project,
    dag,
    version,
    inputs,
    kept: kept.nodes.length,
    again: again.size,
    outputs,
    ...surroundings,
    nodes: plannedWork(graph, allPins).map((work, node) => ({
      ...work,
      before: { state: ended[node]!.state, reason: ended[node]!.reason },
      again: again.get(node) ?? null,
      keeps: keepsOf(kept.repair, node),
    })),
  };
};
