import {
  didYouMean,
  invalidInput,
  type DagGraph,
  type Problem,
  type SubDagNode,
  type ValueSchema,
} from '@job-orchestrator/types';

/** A version of another DAG: what a `dag` node needs to know of it. */
export interface KnownDag {
  readonly version: number;
  readonly inputs: Readonly<Record<string, ValueSchema>>;
}

const missingOf = (given: ReadonlySet<string>, { inputs }: KnownDag, field: string): Problem[] =>
  Object.entries(inputs)
    .filter(([name, schema]) => !given.has(name) && !Object.hasOwn(schema, 'default'))
    .map(([name]) => ({ field: `${field}.${name}`, message: 'is required by the other DAG' }));

const unknownOf = (given: ReadonlySet<string>, { inputs }: KnownDag, field: string): Problem[] =>
  [...given]
    .filter((name) => !Object.hasOwn(inputs, name))
    .map((name) => {
      const near = didYouMean(name, Object.keys(inputs));
      const message = `is not an input of the other DAG${near === null ? '' : `; did you mean ${near}?`}`;
      return { field: `${field}.${name}`, message, value: name };
    });

const problemsOf = ({ name, dag, inputs }: SubDagNode, known: KnownDag | null): Problem[] => {
  if (known === null) {
    const version = dag.version === null ? '' : ` in version ${dag.version}`;
    return [
      { field: `nodes.${name}.dag`, message: `names a DAG that does not exist${version}`, value: dag.name },
    ];
  }
  const given = new Set(Object.keys(inputs ?? {}));
  const field = `nodes.${name}.inputs`;
  return [...missingOf(given, known, field), ...unknownOf(given, known, field)];
};

/** The sub-DAGs that a graph names, each once: look them up, then pin. `version` null: the newest is meant. */
export const subDagsOf = ({ nodes }: DagGraph): readonly SubDagNode['dag'][] => {
  const wanted = new Map<string, SubDagNode['dag']>();
  for (const node of nodes)
    if (node.kind === 'dag') wanted.set(`${node.dag.name} ${node.dag.version}`, node.dag);
  return [...wanted.values()];
};

/**
 * The graph with the version of every sub-DAG pinned, so that a run goes on with what was applied. `find` knows the DAGs
 * of the project; null: there is none. Throws `invalid_input` for sub-DAGs that do not exist, and for inputs that they
 * require or do not take.
 */
export const pinVersions = (graph: DagGraph, find: (dag: SubDagNode['dag']) => KnownDag | null): DagGraph => {
  const problems: Problem[] = [];
  const nodes = graph.nodes.map((node) => {
    if (node.kind !== 'dag') return node;
    const known = find(node.dag);
    problems.push(...problemsOf(node, known));
    return known === null ? node : { ...node, dag: { name: node.dag.name, version: known.version } };
  });
  if (problems.length > 0) throw invalidInput(problems);
  return { ...graph, nodes };
};
