import {
  imageDigestOf,
  isOrchestratorError,
  nodePlace,
  type DagGraph,
  type DagPins,
  type DagVersion,
  type ErrorCode,
  type Image,
  type Problem,
  type RunPlanDto,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { imageRefusal, unknownImage } from '../jobs/resolve-images.ts';
import { profilesOf } from './run-profiles.ts';
import { refuseUnpinned, refuseUnsupported } from './start-run.ts';
import { readTree } from './sub-dags.ts';

/** Why a start would be refused. */
export type Refusal = RunPlanDto['refusals'][number];

/** What a start answers that can be mended by whoever asks for it; all else is a fault of the moment. */
const refusing: readonly ErrorCode[] = [
  'invalid_input',
  'dag_not_supported',
  'profile_not_found',
  'secret_not_bound',
  'secret_not_allowed',
];

const toRefusal = (code: ErrorCode, { field, message, value }: Problem): Refusal => ({
  code,
  field,
  message,
  value: value ?? null,
});

/** The value, or null and why it is refused. */
export const attempt = async <T>(refusals: Refusal[], work: () => T | Promise<T>): Promise<T | null> => {
  try {
    return await work();
  } catch (error) {
    if (!isOrchestratorError(error) || !refusing.includes(error.code)) throw error;
    refusals.push(...error.problems.map((problem) => toRefusal(error.code, problem)));
    return null;
  }
};

/** Each image with the place of the first node that names it. */
const namedBy = (graphs: readonly DagGraph[]): ReadonlyMap<string, string> => {
  const places = new Map<string, string>();
  for (const node of graphs.flatMap(({ nodes }) => nodes))
    if (node.kind === 'job' && !places.has(node.job.image)) places.set(node.job.image, nodePlace(node));
  return places;
};

interface FoundImages {
  readonly registered: ReadonlyMap<string, Image>;
  readonly refusals: readonly Refusal[];
  /** Stand-ins for those that are not registered. */
  readonly all: Readonly<Record<string, Image>>;
}

/** The images as they are now; none is registered on the way, though a start might. */
const findImages = async (
  { database, autoRegisterImages }: OperationDeps,
  project: string,
  graphs: readonly DagGraph[],
): Promise<FoundImages> => {
  const places = namedBy(graphs);
  const found = await database.images.getMany(project, [...places.keys()]);
  const registered = new Map(found.map((image) => [image.name, image]));
  const standIn = { active: true, createdAt: new Date(0), updatedAt: new Date(0) };
  const refusals = [...places].flatMap(([name, place]): Refusal[] => {
    const image = registered.get(name);
    if (image === undefined ? autoRegisterImages : image.active) return [];
    const code = image === undefined ? 'image_not_found' : 'image_disabled';
    return [toRefusal(code, imageRefusal(`${place}.image`, name, image))];
  });
  const all = [...places.keys()].map((name) => [
    name,
    registered.get(name) ?? { ...unknownImage(project, name), ...standIn },
  ]);
  return { registered, refusals, all: Object.fromEntries(all) as Record<string, Image> };
};

/** What a run would keep of its start, as it is now, and why it would be refused. */
export interface Surroundings {
  readonly pins: DagPins;
  readonly images: RunPlanDto['images'];
  readonly dags: RunPlanDto['dags'];
  readonly refusals: readonly Refusal[];
}

const toImages = (
  { autoRegisterImages }: OperationDeps,
  { all, registered }: FoundImages,
): Surroundings['images'] =>
  Object.values(all).map(({ name, reference }) => ({
    name,
    reference: registered.has(name) || autoRegisterImages ? reference : null,
    registered: registered.has(name),
    pinned: imageDigestOf(reference) !== null,
  }));

/**
 * Everything that a start checks beside the inputs, each by itself, so that all that is wrong is told at once. Those
 * sub-DAGs that are `pinned` stay at their versions.
 */
export const checkSurroundings = async (
  deps: OperationDeps,
  dag: Pick<DagVersion, 'version' | 'graph'>,
  pinned: DagPins = {},
): Promise<Surroundings> => {
  const { project } = dag.graph;
  const refusals: Refusal[] = [];
  const tree = await attempt(refusals, () => readTree(deps, dag, pinned));
  const graphs = tree?.graphs ?? [dag.graph];
  await attempt(refusals, () => refuseUnsupported(deps, graphs));
  const found = await findImages(deps, project, graphs);
  refusals.push(...found.refusals);
  await attempt(refusals, () => refuseUnpinned(graphs, found.all));
  await attempt(refusals, () => profilesOf(deps, project, graphs, found.all));
  const pins = tree?.pins ?? {};
  const dags = Object.entries(pins).map(([name, version]) => ({ name, version }));
  return { pins, images: toImages(deps, found), dags, refusals };
};
