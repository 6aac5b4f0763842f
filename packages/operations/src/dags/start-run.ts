import {
  OrchestratorError,
  type DagGraph,
  type DagRunId,
  type DagVersion,
  type IdempotencyKey,
  type Image,
  type JobSubmission,
  type JsonObject,
  type Problem,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { resolveImages } from '../jobs/resolve-images.ts';
import { initialRun } from './run-progress.ts';

export interface StartRequest {
  readonly project: string;
  readonly name: string;
  /** null: the newest. */
  readonly version: number | null;
  readonly inputs: JsonObject;
}

export interface StartedRun {
  readonly id: DagRunId;
  readonly version: number;
  readonly replayed: boolean;
}

/** Throws `dag_not_found`. */
export const readDag = async (
  deps: OperationDeps,
  { project, name, version }: Pick<StartRequest, 'project' | 'name' | 'version'>,
): Promise<DagVersion> => {
  const found = await deps.database.dags.getVersion(project, name, version);
  if (found !== null) return found;
  const which = version === null ? '' : ` with version ${version}`;
  throw new OrchestratorError('dag_not_found', `There is no DAG ${name}${which} in project ${project}.`);
};

const unsupported = (deps: OperationDeps, { nodes }: DagGraph): Problem[] =>
  nodes.flatMap((node): Problem[] => {
    const field = `nodes.${node.name}`;
    if (node.kind === 'approval') return [{ field, message: 'is an approval, which cannot run yet' }];
    if (node.kind === 'dag') return [{ field, message: 'is another DAG, which cannot run yet' }];
    const declares = node.outputs !== null && !deps.outputsSupported;
    return declares ? [{ field: `${field}.outputs`, message: 'cannot be collected on Kubernetes yet' }] : [];
  });

/** Refuses a graph with nodes that this installation cannot run, before anything of it runs. */
const refuseUnsupported = (deps: OperationDeps, graph: DagGraph): void => {
  const problems = unsupported(deps, graph);
  const [first] = problems;
  if (first !== undefined)
    throw new OrchestratorError('dag_not_supported', `${first.field} ${first.message}`, problems);
};

/** The images of all nodes as they are now. Throws `image_not_found`, `image_disabled`. */
export const imagesOf = async (
  deps: OperationDeps,
  { project, nodes }: DagGraph,
  context: WriteContext,
): Promise<Record<string, Image>> => {
  const names = new Set(nodes.flatMap((node) => (node.kind === 'job' ? [node.job.image] : [])));
  const submissions = [...names].map((image): JobSubmission => ({ image, project }));
  const { imageOf } = await resolveImages(deps, submissions, context);
  return Object.fromEntries(submissions.map((submission) => [submission.image, imageOf(submission)]));
};

/**
 * Starts a run of a DAG; the orchestrator takes it from there. With a key, a repeated request gets the same run.
 * Throws `dag_not_found`, `dag_not_supported`, `invalid_input`, `image_not_found`, `image_disabled`,
 * `idempotency_key_reused`.
 */
export const startRun = async (
  deps: OperationDeps,
  request: StartRequest,
  context: WriteContext,
  key?: IdempotencyKey,
): Promise<StartedRun> => {
  const { graph, version } = await readDag(deps, request);
  const replay = key === undefined ? null : await deps.database.dags.findRunReplay(graph.project, key);
  if (replay !== null) {
    const run = await deps.database.dags.getRun(replay);
    return { id: replay, version: run?.version ?? version, replayed: true };
  }
  refuseUnsupported(deps, graph);
  const inputs = deps.dagRules.completeInputs(graph, request.inputs);
  const images = await imagesOf(deps, graph, context);
  const run = {
    id: deps.newDagRunId(),
    project: graph.project,
    dag: graph.name,
    version,
    graph,
    inputs,
    images,
  };
  const fresh = { progress: initialRun(graph), parents: null, kept: null, rootRun: null };
  return { version, ...(await deps.database.dags.startRun({ ...run, ...fresh }, context, key)) };
};
