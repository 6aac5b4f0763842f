import type { RunPlanDto } from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { attempt, checkSurroundings, type Refusal } from './plan-surroundings.ts';
import { plannedWork } from './planned-work.ts';
import { readStartable, type StartRequest } from './start-run.ts';

/** What a run would do, and why it would be refused. */
export type RunPlan = RunPlanDto;

/**
 * What a run of a DAG would do, as far as its inputs tell, and everything for which its start would be refused. Writes
 * nothing. Throws `dag_not_found`.
 */
export const planRun = async (deps: OperationDeps, request: StartRequest): Promise<RunPlan> => {
  const { graph, version } = await readStartable(deps, request);
  const refused: Refusal[] = [];
  const inputs = await attempt(refused, () => deps.dagRules.completeInputs(graph, request.inputs));
  const { pins, images, dags, refusals } = await checkSurroundings(deps, { version, graph });
  const previews = deps.dagRules.preview(graph, inputs);
  return {
    project: graph.project,
    dag: graph.name,
    version,
    inputs,
    refusals: [...refused, ...refusals],
    images,
    dags,
    nodes: plannedWork(graph, pins).map((work, at) => ({ ...work, ...previews[at]! })),
  };
};
