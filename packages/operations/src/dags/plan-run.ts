import {
  imageDigestOf,
  isOrchestratorError,
  type DagGraph,
  type DagVersion,
  type ErrorCode,
  type GraphNode,
  type Image,
  type Problem,
  type RunPlanDto,
} from '@job-orchestrator/types';
import type { NodePreview, OperationDeps } from '../dependencies.ts';
import { imageRefusal, unknownImage } from '../jobs/resolve-images.ts';
import { profilesOf } from './run-profiles.ts';
import { readStartable, refuseUnpinned, refuseUnsupported, type StartRequest } from './start-run.ts';
import { readTree, type DagTree } from './sub-dags.ts';

/** What a run would do, and why it would be refused. */
export type RunPlan = RunPlanDto;

type Refusal = RunPlan['refusals'][number];

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
const attempt = async <T>(refusals: Refusal[], work: () => T | Promise<T>): Promise<T | null> => {
  try {
    return await work();
  } catch (error) {
    if (!isOrchestratorError(error) || !refusing.includes(error.code)) throw error;
    refusals.push(...error.problems.map((problem) => toRefusal(error.code, problem)));
    return null;
  }
};

/** Each image with the first node that names it. */
const namedBy = (graphs: readonly DagGraph[]): ReadonlyMap<string, string> => {
  const places = new Map<string, string>();
  for (const node of graphs.flatMap(({ nodes }) => nodes))
    if (node.kind === 'job' && !places.has(node.job.image)) places.set(node.job.image, node.name);
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
  const refusals = [...places].flatMap(([name, node]): Refusal[] => {
    const image = registered.get(name);
    if (image === undefined ? autoRegisterImages : image.active) return [];
    const code = image === undefined ? 'image_not_found' : 'image_disabled';
    return [toRefusal(code, imageRefusal(`nodes.${node}.image`, name, image))];
  });
  const all = [...places.keys()].map((name) => [
    name,
    registered.get(name) ?? { ...unknownImage(project, name), ...standIn },
  ]);
  return { registered, refusals, all: Object.fromEntries(all) as Record<string, Image> };
};

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

const toNode = (
  node: GraphNode,
  graph: DagGraph,
  pins: DagTree['pins'],
  foreseen: { readonly level: number; readonly preview: NodePreview },
) => ({
  name: node.name,
  kind: node.kind,
  level: foreseen.level,
  final: node.final,
  needs: node.needs.map((need) => graph.nodes[need]!.name),
  ...foreseen.preview,
  image: node.kind === 'job' ? node.job.image : null,
  dag:
    node.kind === 'dag'
      ? { name: node.dag.name, version: node.dag.version ?? pins[node.dag.name] ?? null }
      : null,
  profile: node.kind === 'job' ? (node.job.profile ?? null) : null,
  cached: node.kind === 'job' && node.cache !== undefined,
});

/** Everything that a start checks beside the inputs, each by itself, so that all that is wrong is told at once. */
const checkSurroundings = async (
  deps: OperationDeps,
  dag: Pick<DagVersion, 'version' | 'graph'>,
  refusals: Refusal[],
): Promise<{ readonly pins: DagTree['pins']; readonly images: FoundImages }> => {
  const { project } = dag.graph;
  const tree = await attempt(refusals, () => readTree(deps, dag));
  const graphs = tree?.graphs ?? [dag.graph];
  await attempt(refusals, () => refuseUnsupported(deps, graphs));
  const images = await findImages(deps, project, graphs);
  refusals.push(...images.refusals);
  await attempt(refusals, () => refuseUnpinned(graphs, images.all));
  await attempt(refusals, () => profilesOf(deps, project, graphs, images.all));
  return { pins: tree?.pins ?? {}, images };
};

/**
 * What a run of a DAG would do, as far as its inputs tell, and everything for which its start would be refused. Writes
 * nothing. Throws `dag_not_found`.
 */
export const planRun = async (deps: OperationDeps, request: StartRequest): Promise<RunPlan> => {
  const { graph, version } = await readStartable(deps, request);
  const refusals: Refusal[] = [];
  const inputs = await attempt(refusals, () => deps.dagRules.completeInputs(graph, request.inputs));
  const { pins, images } = await checkSurroundings(deps, { version, graph }, refusals);
  const previews = deps.dagRules.preview(graph, inputs);
  const levels = levelsOf(graph);
  return {
    project: graph.project,
    dag: graph.name,
    version,
    inputs,
    refusals,
    images: Object.values(images.all).map(({ name, reference }) => {
      const registered = images.registered.has(name);
      const known = registered || deps.autoRegisterImages;
      return {
        name,
        reference: known ? reference : null,
        registered,
        pinned: imageDigestOf(reference) !== null,
      };
    }),
    dags: Object.entries(pins).map(([name, pinned]) => ({ name, version: pinned })),
    nodes: graph.nodes.map((node, at) =>
      toNode(node, graph, pins, { level: levels[at]!, preview: previews[at]! }),
    ),
  };
};
