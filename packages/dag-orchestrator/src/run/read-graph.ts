import {
  invalidInput,
  limits,
  namePattern,
  nodeNamePattern,
  triggerRules,
  type DagGraph,
  type GraphNode,
  type JsonValue,
  type Problem,
} from '@job-orchestrator/types';

type Complain = (field: string, message: string, value?: unknown) => void;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isIndex = (value: unknown, below: number): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < below;

const checkIndices = (value: unknown, below: number, field: string, complain: Complain): void => {
  const list = Array.isArray(value) ? (value as unknown[]) : null;
  const fine = list?.every(
    (index, at) => isIndex(index, below) && (at === 0 || (list[at - 1] as number) < (index as number)),
  );
  if (fine !== true) complain(field, `must be a list of ascending indices, each below ${below}`);
};

const checkNode = (node: GraphNode, at: number, graph: DagGraph, complain: Complain): void => {
  const field = `nodes[${at}]`;
  if (!isObject(node)) return complain(field, 'must be a node');
  if (!new RegExp(nodeNamePattern).test(node.name)) complain(`${field}.name`, 'must be a name', node.name);
  if (!triggerRules.includes(node.triggerRule))
    complain(`${field}.triggerRule`, `must be one of ${triggerRules.join(', ')}`, node.triggerRule);
  if (typeof node.final !== 'boolean') complain(`${field}.final`, 'must be true or false', node.final);
  checkIndices(node.needs, at, `${field}.needs`, complain);
  checkIndices(node.reads, node.final ? graph.nodes.length : at, `${field}.reads`, complain);
  if (node.group !== null && !isIndex(node.group, graph.groups.length))
    complain(`${field}.group`, 'must be the index of a group, or null', node.group);
  if (node.kind === 'job' && typeof node.job?.image !== 'string')
    complain(`${field}.job.image`, 'must name an image', node.job?.image);
  if (!['job', 'approval', 'dag'].includes(node.kind))
    complain(`${field}.kind`, 'must be job, approval or dag');
};

const checkOrder = ({ nodes }: DagGraph, complain: Complain): void => {
  const names = new Set<string>();
  nodes.forEach(({ name, final, needs }, at) => {
    if (names.has(name)) complain(`nodes[${at}].name`, 'stands there twice', name);
    names.add(name);
    if (!final && at > 0 && nodes[at - 1]!.final)
      complain(`nodes[${at}]`, 'must stand before the final nodes');
    if (needs.some((need) => nodes[need]!.final !== final))
      complain(`nodes[${at}].needs`, 'must not lead from final nodes to others, or back');
  });
};

const problemsOf = (graph: DagGraph): readonly Problem[] => {
  const problems: Problem[] = [];
  const complain: Complain = (field, message, value) =>
    void problems.push({
      field,
      message,
      ...(value === undefined ? {} : { value: JSON.stringify(value).slice(0, 64) }),
    });
  for (const field of ['name', 'project'] as const)
    if (!new RegExp(namePattern).test(graph[field])) complain(field, 'must be a name', graph[field]);
  if (graph.nodes.length === 0) complain('nodes', 'must hold at least one node');
  if (graph.nodes.length > limits.dag.nodes) complain('nodes', `must be at most ${limits.dag.nodes}`);
  graph.nodes.forEach((node, at) => problems.length < 100 && checkNode(node, at, graph, complain));
  if (problems.length === 0) checkOrder(graph, complain);
  return problems;
};

/**
 * A compiled graph from outside: what the planner relies on is checked, so that no graph can make it fail. Throws
 * `invalid_input`.
 */
export const readGraph = (value: JsonValue): DagGraph => {
  const graph = value as unknown as DagGraph;
  if (!isObject(value) || graph.format !== 1 || !Array.isArray(graph.nodes) || !Array.isArray(graph.groups))
    throw invalidInput([
      { field: 'format', message: 'must be 1, with lists of nodes and groups: a compiled DAG' },
    ]);
  const problems = problemsOf(graph);
  if (problems.length > 0) throw invalidInput(problems);
  return graph;
};
