import {
  imageDigestOf,
  invalidInput,
  nodePlace,
  OrchestratorError,
  type DagGraph,
  type DagPins,
  type DagRunId,
  type DagVersion,
  type GraphNode,
  type IdempotencyKey,
  type Image,
  type JobSubmission,
  type JsonObject,
  type NewDagRun,
  type Problem,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { resolveImages } from '../jobs/resolve-images.ts';
import { dagNotFound, versionNotFound } from './near-dag.ts';
import { initialRun } from './run-progress.ts';
import { profilesOf } from './run-profiles.ts';
import { readTree } from './sub-dags.ts';

export interface StartRequest {
  readonly project: string;
  readonly name: string;
  /** null: the newest. */
  readonly version: number | null;
  readonly inputs: JsonObject;
  /** True: it looks for no results in the cache. */
  readonly noCache?: boolean;
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
  throw version === null
    ? await dagNotFound(deps, project, name)
    : await versionNotFound(deps, project, name, version);
};

/** A version to start a run of. Throws `dag_not_found`, also for a version of a deleted DAG. */
export const readStartable = async (
  deps: OperationDeps,
  request: Pick<StartRequest, 'project' | 'name' | 'version'>,
): Promise<DagVersion> => {
  const found = await readDag(deps, request);
  const { deletedAt, name, version } = found;
  if (deletedAt === null) return found;
  const message = `DAG ${name} was deleted at ${deletedAt.toISOString()}; apply it again to run it (version ${version}: dag show ${name} --dag-version ${version}).`;
  throw new OrchestratorError('dag_not_found', message);
};

/** Refuses graphs with nodes that this installation cannot run, before anything of them runs. */
export const refuseUnsupported = (deps: OperationDeps, graphs: readonly DagGraph[]): void => {
  if (deps.outputsSupported) return;
  const problems = graphs.flatMap(({ nodes }) =>
    nodes
      .filter(({ kind, outputs }) => kind === 'job' && outputs !== null)
      .map((node): Problem => ({
        field: `${nodePlace(node)}.outputs`,
        message: 'cannot be collected: OUTPUT_COLLECTOR_IMAGE is not set',
      })),
  );
  const [first] = problems;
  if (first !== undefined)
    throw new OrchestratorError('dag_not_supported', `${first.field} ${first.message}`, problems);
};

const unpinnedProblem = (node: GraphNode, images: Readonly<Record<string, Image>>): readonly Problem[] => {
  if (node.kind !== 'job' || node.cache === undefined) return [];
  const { image } = node.job;
  const { reference } = images[image]!;
  if (imageDigestOf(reference) !== null) return [];
  const message = `needs an image that is pinned by its digest, and ${image} is ${reference}; run: job-orchestrator image add ${image} ${reference.replace(/@.*$/, '')}@sha256:DIGEST`;
  return [{ field: `${nodePlace(node)}.cache`, message, value: reference }];
};

const imagesOf = async (
  deps: OperationDeps,
  project: string,
  graphs: readonly DagGraph[],
  context: WriteContext,
): Promise<Record<string, Image>> => {
  const names = new Set(
    graphs.flatMap(({ nodes }) => nodes.flatMap((node) => (node.kind === 'job' ? [node.job.image] : []))),
  );
  const submissions = [...names].map((image): JobSubmission => ({ image, project }));
  const { imageOf } = await resolveImages(deps, submissions, context);
  return Object.fromEntries(submissions.map((submission) => [submission.image, imageOf(submission)]));
};

/** Refuses nodes with `cache` whose image may change under its name: nobody could say what their results are of. */
export const refuseUnpinned = (
  graphs: readonly DagGraph[],
  images: Readonly<Record<string, Image>>,
): void => {
  const problems = graphs.flatMap(({ nodes }) => nodes.flatMap((node) => unpinnedProblem(node, images)));
  if (problems.length > 0) throw invalidInput(problems);
};

/**
 * What a run keeps of its start: the versions of all DAGs below it (those `pinned` by an earlier run stay), and the images and
 * the rules of profiles of all their nodes as they are now. Throws `dag_not_supported`, `invalid_input`, `image_not_found`,
 * `image_disabled`, `profile_not_found`, `secret_not_bound`, `secret_not_allowed`.
 */
export const surroundingsOf = async (
  deps: OperationDeps,
  dag: Pick<DagVersion, 'version' | 'graph'>,
  context: WriteContext,
  pinned: DagPins = {},
): Promise<Pick<NewDagRun, 'pins' | 'images' | 'profiles'>> => {
  const { pins, graphs } = await readTree(deps, dag, pinned);
  refuseUnsupported(deps, graphs);
  const images = await imagesOf(deps, dag.graph.project, graphs, context);
  refuseUnpinned(graphs, images);
  return { pins, images, profiles: await profilesOf(deps, dag.graph.project, graphs, images) };
};

/**
 * A run of a version from its beginning, not stored yet. Throws what `surroundingsOf` throws, and `invalid_input`.
 */
export const prepareRun = async (
  deps: OperationDeps,
  { graph, version }: Pick<DagVersion, 'graph' | 'version'>,
  given: JsonObject,
  context: WriteContext,
): Promise<NewDagRun> => {
  const { project, name: dag } = graph;
  const inputs = deps.dagRules.completeInputs(graph, given);
  const surroundings = await surroundingsOf(deps, { version, graph }, context);
  const fresh = { progress: initialRun(graph), parents: null, kept: null };
  return { id: deps.newDagRunId(), project, dag, version, graph, inputs, ...surroundings, ...fresh };
};

/** The run that an earlier request with this key started, whatever became of its DAG since; null: there is none. */
export const replayOf = async (
  { database }: OperationDeps,
  project: string,
  key: IdempotencyKey | undefined,
): Promise<StartedRun | null> => {
  const id = key === undefined ? null : await database.dags.findRunReplay(project, key);
  const run = id === null ? null : await database.dags.getRun(id);
  return run === null ? null : { id: run.id, version: run.version, replayed: true };
};

/**
 * Starts a run of a DAG; the orchestrator takes it from there. With a key, a repeated request gets the same run.
 * Throws `dag_not_found`, `dag_not_supported`, `invalid_input`, `image_not_found`, `image_disabled`, `profile_not_found`,
 * `secret_not_bound`, `secret_not_allowed`, `idempotency_key_reused`.
 */
export const startRun = async (
  deps: OperationDeps,
  request: StartRequest,
  context: WriteContext,
  key?: IdempotencyKey,
): Promise<StartedRun> => {
  const replay = await replayOf(deps, request.project, key);
  if (replay !== null) return replay;
  const { graph, version } = await readStartable(deps, request);
  const prepared = await prepareRun(deps, { graph, version }, request.inputs, context);
  const run = { ...prepared, noCache: request.noCache ?? false };
  return { version, ...(await deps.database.dags.startRun(run, context, key)) };
};
