import {
  didYouMean,
  invalidInput,
  limits,
  nodePlace,
  type DagGraph,
  type DagPins,
  type DagVersion,
  type Problem,
  type SubDagNode,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { nearDag } from './near-dag.ts';

type Definition = Pick<DagVersion, 'version' | 'graph'>;

/** A DAG with all DAGs below it: which versions they are, what their jobs run, and what they declare. */
export interface DagTree {
  readonly pins: DagPins;
  /** The DAG itself first; each version once. */
  readonly graphs: readonly DagGraph[];
}

interface Walk {
  readonly find: (dag: SubDagNode['dag']) => Promise<Definition | null>;
  /** What may be meant by the name of a DAG that is not there, as the end of a sentence. */
  readonly near: (name: string) => Promise<string>;
  readonly graphs: DagGraph[];
  /** By `name@version`: how many levels of DAGs it has, itself counted. */
  readonly levels: Map<string, number>;
  readonly problems: Problem[];
}

/** Beyond these nothing more is looked for. */
const problemsMost = 20;

const unknownNames = (given: readonly string[], known: readonly string[], field: string, what: string) =>
  given
    .filter((name) => !known.includes(name))
    .map((name): Problem => {
      const near = didYouMean(name, known);
      const message = `is not an ${what} of the other DAG${near === null ? '' : `; did you mean ${near}?`}`;
      return { field: `${field}.${name}`, message, value: name };
    });

/** What a `dag` node gives that the other DAG does not take, or reads that it does not give. */
export const subDagProblems = (node: SubDagNode, { inputs, outputs }: DagGraph): readonly Problem[] => {
  const field = nodePlace(node);
  const given = Object.keys(node.inputs ?? {});
  const missing = Object.entries(inputs)
    .filter(([name, schema]) => !given.includes(name) && !Object.hasOwn(schema, 'default'))
    .map(([name]) => ({ field: `${field}.inputs.${name}`, message: 'is required by the other DAG' }));
  return [
    ...missing,
    ...unknownNames(given, Object.keys(inputs), `${field}.inputs`, 'input'),
    ...unknownNames(Object.keys(node.outputs ?? {}), Object.keys(outputs), `${field}.outputs`, 'output'),
  ];
};

const named = ({ version, graph }: Definition): string => `${graph.name}@${version}`;

/** How a path of DAGs reads: `nightly → load-day → nightly`. */
const asPath = (path: readonly Definition[]): string => path.map(({ graph }) => graph.name).join(' → ');

const notThere = (node: SubDagNode, hint: string): Problem => {
  const { name, version } = node.dag;
  const which = version === null ? '' : ` in version ${version}`;
  return {
    field: `${nodePlace(node)}.dag.name`,
    message: `names a DAG that does not exist${which}${hint}`,
    value: name,
  };
};

const refusal = (node: SubDagNode, path: readonly Definition[], child: Definition): Problem | null => {
  const field = `${nodePlace(node)}.dag.name`;
  if (path.some((above) => named(above) === named(child)))
    return { field, message: `makes the DAG run itself: ${asPath([...path, child])}`, value: node.dag.name };
  return null;
};

/** What is wrong with a DAG below is told of the node of the DAG at hand that leads there. */
const asSeenFrom =
  (origin: SubDagNode, [, ...below]: readonly Definition[]) =>
  ({ field, message, ...problem }: Problem): Problem =>
    below.length === 0
      ? { ...problem, field, message }
      : {
          ...problem,
          field: `${nodePlace(origin)}.dag.name`,
          message: `runs ${asPath(below)}, where ${field} ${message}`,
        };

/** Looks at what one node runs; returns its levels. `origin`: the node of the DAG at hand that leads there. */
const visitNode = async (
  walk: Walk,
  node: SubDagNode,
  path: readonly Definition[],
  origin: SubDagNode,
): Promise<number> => {
  const tell = (problems: readonly Problem[]): number => {
    walk.problems.push(...problems.map(asSeenFrom(origin, path)));
    return 0;
  };
  const child = await walk.find(node.dag);
  if (child === null)
    return tell([notThere(node, node.dag.version === null ? await walk.near(node.dag.name) : '')]);
  const refused = refusal(origin, path, child);
  if (refused !== null) {
    walk.problems.push(refused);
    return 0;
  }
  tell(subDagProblems(node, child.graph));
  return walk.levels.get(named(child)) ?? visit(walk, child, path, origin);
};

const visit = async (
  walk: Walk,
  dag: Definition,
  above: readonly Definition[],
  origin: SubDagNode | null,
): Promise<number> => {
  const path = [...above, dag];
  walk.graphs.push(dag.graph);
  let levels = 1;
  for (const node of dag.graph.nodes) {
    if (walk.problems.length >= problemsMost || walk.graphs.length > limits.dag.subDags) break;
    if (node.kind === 'dag')
      levels = Math.max(levels, 1 + (await visitNode(walk, node, path, origin ?? node)));
  }
  walk.levels.set(named(dag), levels);
  return levels;
};

const tooDeep = (levels: number): Problem => ({
  field: 'nodes',
  message: `nest ${levels - 1} levels of DAGs; at most ${limits.dag.subDagDepth} are allowed`,
  limit: limits.dag.subDagDepth,
  value: String(levels - 1),
});

const tooMany: Problem = {
  field: 'nodes',
  message: `run too many different DAGs; at most ${limits.dag.subDags} are allowed`,
  limit: limits.dag.subDags,
};

/**
 * Finds every DAG that `dag` runs, directly or through others. A node that names no version means what is `pinned`, else
 * the newest version now: the same one wherever the DAG is named. Throws `invalid_input` with the places of DAGs that do not exist, that take other inputs or give
 * other outputs, that run themselves, or that nest too deep.
 */
export const readTree = async (
  deps: OperationDeps,
  dag: Definition,
  pinned: DagPins = {},
): Promise<DagTree> => {
  const { name: top, project } = dag.graph;
  const pins = new Map(Object.entries(pinned));
  const known = new Map<string, Definition | null>([[named(dag), dag]]);
  const find = async ({ name, version }: SubDagNode['dag']): Promise<Definition | null> => {
    const wanted = version ?? (name === top ? dag.version : pins.get(name)) ?? null;
    const key = `${name}@${wanted}`;
    const found = known.get(key) ?? (await deps.database.dags.getVersion(project, name, wanted));
    if (found !== null) known.set(named(found), found);
    if (found !== null && version === null) pins.set(name, found.version);
    return found;
  };
  const near = (name: string) => nearDag(deps, project, name);
  const walk: Walk = { find, near, graphs: [], levels: new Map(), problems: [] };
  const levels = await visit(walk, dag, [], null);
  if (levels - 1 > limits.dag.subDagDepth) walk.problems.push(tooDeep(levels));
  if (walk.graphs.length > limits.dag.subDags) walk.problems.push(tooMany);
  if (walk.problems.length > 0) throw invalidInput(walk.problems);
  return { pins: Object.fromEntries(pins), graphs: walk.graphs };
};
