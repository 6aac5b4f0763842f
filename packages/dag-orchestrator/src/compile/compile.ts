import {
  defaultDagSeconds,
  type DagDefaults,
  type DagDocument,
  type DagGraph,
  type DagNode,
  type ForEach,
  type GraphGroup,
  type GraphNode,
  type JobNode,
  type JobTemplate,
} from '@job-orchestrator/types';
import { soleExpression } from '../expressions/template.ts';
import type { NodeRead } from '../validate/expressions.ts';
import type { DagModel, ModelNode } from '../validate/model.ts';

type TextMap = Readonly<Record<string, string>>;

const merged = <Part extends object>(base: Part | undefined, own: Part | undefined): Part | undefined =>
  base === undefined || own === undefined ? (own ?? base) : { ...base, ...own };

/** Quantities of `own` over those of `base`. */
export const mergedResources = (
  base: DagDefaults['resources'],
  own: DagNode['resources'],
): DagNode['resources'] => {
  if (base === undefined || own === undefined) return own ?? base;
  const requests = merged<TextMap>(base.requests, own.requests);
  const most = merged<TextMap>(base.limits, own.limits);
  const sharedMemory = own.sharedMemory ?? base.sharedMemory;
  return {
    ...(requests === undefined ? {} : { requests }),
    ...(most === undefined ? {} : { limits: most }),
    ...(sharedMemory === undefined ? {} : { sharedMemory }),
  };
};

/** A shell line ends at its first failing command (`-e`); `args` are its `$1`, `$2`, …, and `sh` is its `$0`. */
const commandOf = ({ run, command, args }: DagNode): Pick<JobTemplate, 'command' | 'args'> => {
  const given = args === undefined ? {} : { args };
  if (run === undefined) return { ...(command === undefined ? {} : { command }), ...given };
  return { command: ['/bin/sh', '-ec', run, ...(args === undefined ? [] : ['sh'])], ...given };
};

const withoutUndefined = <Value extends object>(value: Value): Value =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Value;

/** What the defaults say of a variable, `env` or `secretEnv`, a node may say by the other. */
const without = (base: TextMap | undefined, own: TextMap | undefined): TextMap | undefined =>
  base === undefined || own === undefined
    ? base
    : Object.fromEntries(Object.entries(base).filter(([name]) => !Object.hasOwn(own, name)));

const jobOf = (node: DagNode, defaults: DagDefaults): JobTemplate =>
  withoutUndefined({
    image: (node.image ?? defaults.image)!,
    ...commandOf(node),
    env: merged(without(defaults.env, node.secretEnv), node.env),
    secretEnv: merged(without(defaults.secretEnv, node.env), node.secretEnv),
    topic: node.topic ?? defaults.topic,
    priority: node.priority ?? defaults.priority,
    labels: merged(defaults.labels, node.labels),
    resources: mergedResources(defaults.resources, node.resources),
    profile: node.profile ?? defaults.profile,
    localQueue: node.localQueue ?? defaults.localQueue,
    retry: merged(defaults.retry, node.retry),
    deadlines: merged(defaults.deadlines, node.deadlines),
  }) as JobTemplate;

const forEachOf = ({ forEach, maxParallel, failFast }: DagNode): ForEach | null =>
  forEach === undefined
    ? null
    : {
        items: typeof forEach === 'string' ? `\${{ ${soleExpression(forEach).source} }}` : forEach,
        maxParallel: maxParallel ?? null,
        failFast: failFast ?? false,
      };

const cacheOf = ({ cache = false }: DagNode): Pick<JobNode, 'cache'> =>
  cache === false ? {} : { cache: { maxAgeSeconds: cache === true ? null : (cache.maxAgeSeconds ?? null) } };

/** What a node needs to know of the others: where they stand in the graph. */
interface Places {
  /** From positions of the model to indices of the graph. */
  readonly indexOf: Int32Array;
  readonly groupOf: ReadonlyMap<string, number>;
  /** By position: positions of what a node reads. */
  readonly reads: readonly (readonly number[])[];
}

const indices = (positions: readonly number[], { indexOf }: Places): number[] =>
  positions.map((position) => indexOf[position]!).sort((a, b) => a - b);

const baseOf = ({ name, node, final, needs }: ModelNode, reads: readonly number[], places: Places) => ({
  name,
  description: node.description ?? null,
  final,
  needs: indices(needs, places),
  triggerRule: node.triggerRule ?? ('all_success' as const),
  when: node.when === undefined ? null : soleExpression(node.when).source,
  forEach: forEachOf(node),
  group: node.group === undefined ? null : places.groupOf.get(node.group)!,
  reads: indices(reads, places),
  outputs: node.outputs ?? null,
});

const nodeOf = (
  model: ModelNode,
  reads: readonly number[],
  places: Places,
  defaults: DagDefaults,
): GraphNode => {
  const { node } = model;
  const base = baseOf(model, reads, places);
  const inputs = (node.inputs as Extract<GraphNode, { kind: 'job' }>['inputs'] | undefined) ?? null;
  if (node.approval !== undefined) {
    const { message, timeoutSeconds = defaultDagSeconds.approval, onTimeout = 'fail' } = node.approval;
    return { ...base, kind: 'approval', message, timeoutSeconds, onTimeout };
  }
  if (node.dag !== undefined)
    return { ...base, kind: 'dag', dag: { name: node.dag.name, version: node.dag.version ?? null }, inputs };
  return { ...base, kind: 'job', job: jobOf(node, defaults), inputs, ...cacheOf(node) };
};

const mostOf = ({ mode, maxParallel }: NonNullable<DagDocument['groups']>[string]): number | null => {
  if (mode === 'parallel') return null;
  return mode === 'sequential' ? 1 : maxParallel!;
};

const groupsOf = (document: DagDocument, nodes: readonly GraphNode[]): GraphGroup[] => {
  const groups = Object.entries(document.groups ?? {}).map(([name, group]) => ({
    name,
    maxParallel: mostOf(group),
    inOrder: group.mode === 'sequential',
    members: [] as number[],
  }));
  nodes.forEach(({ group }, index) => {
    if (group !== null) groups[group]!.members.push(index);
  });
  return groups;
};

const readsByPosition = (model: DagModel, reads: readonly NodeRead[]): readonly (readonly number[])[] => {
  const sets = model.nodes.map((): Set<number> | null => null);
  for (const { reader, target } of reads) if (reader !== null) (sets[reader] ??= new Set()).add(target);
  return sets.map((set) => (set === null ? [] : [...set]));
};

/** Ordinary nodes in topological order, then the final ones in theirs. */
const finalLast = (order: readonly number[], model: DagModel): readonly number[] => [
  ...order.filter((position) => !model.nodes[position]!.final),
  ...order.filter((position) => model.nodes[position]!.final),
];

const placesOf = (model: DagModel, positions: readonly number[], reads: readonly NodeRead[]): Places => {
  const indexOf = new Int32Array(positions.length);
  positions.forEach((position, index) => {
    indexOf[position] = index;
  });
  const groupOf = new Map(Object.keys(model.document.groups ?? {}).map((name, index) => [name, index]));
  return { indexOf, groupOf, reads: readsByPosition(model, reads) };
};

/** The graph of a model without faults; `order` is its topological order, `reads` what its expressions read. */
export const compileModel = (
  model: DagModel,
  order: readonly number[],
  reads: readonly NodeRead[],
): DagGraph => {
  const { document } = model;
  const positions = finalLast(order, model);
  const places = placesOf(model, positions, reads);
  const nodes = positions.map((position) =>
    nodeOf(model.nodes[position]!, places.reads[position]!, places, document.defaults ?? {}),
  );
  const outputReads = new Set(reads.filter(({ reader }) => reader === null).map(({ target }) => target));
  return {
    format: 1,
    name: document.name,
    project: document.project ?? 'default',
    description: document.description ?? null,
    inputs: document.inputs ?? {},
    outputs: document.outputs ?? {},
    outputReads: indices([...outputReads], places),
    maxParallel: document.maxParallel ?? null,
    deadlineSeconds: document.deadlineSeconds ?? defaultDagSeconds.run,
    failFast: document.failFast ?? false,
    groups: groupsOf(document, nodes),
    nodes,
  };
};
