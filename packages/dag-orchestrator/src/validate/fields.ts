import {
  didYouMean,
  limits,
  sharedProblems,
  shellFaults,
  type DagNode,
  type NodeKind,
} from '@job-orchestrator/types';
import { faultOfProblem, type Fault, type Path } from '../fault.ts';
import type { DagModel, ModelNode } from './model.ts';

type Field = keyof DagNode;

const everywhere: readonly Field[] = ['description', 'needs', 'when', 'triggerRule', 'group'];
const jobOnly: readonly Field[] = [
  ...(['image', 'command', 'args', 'run', 'env', 'secretEnv', 'topic', 'priority', 'labels'] as const),
  ...(['resources', 'profile', 'localQueue', 'retry', 'deadlines'] as const),
];
const repeating: readonly Field[] = ['forEach', 'maxParallel', 'failFast'];

const allowed: Readonly<Record<NodeKind, ReadonlySet<Field>>> = {
  job: new Set([...everywhere, ...repeating, ...jobOnly, 'inputs', 'outputs', 'cache']),
  approval: new Set([...everywhere, 'approval']),
  dag: new Set([...everywhere, ...repeating, 'inputs', 'outputs', 'dag']),
};

function* foreignFields({ node, path, kind }: ModelNode): Generator<Fault> {
  for (const field of Object.keys(node) as Field[])
    if (!allowed[kind].has(field))
      yield {
        path: [...path, field],
        message: `does not go with \`${kind}\`: ${kind === 'approval' ? 'it runs nothing' : 'the other DAG says what it runs'}`,
        onKey: true,
      };
}

function* commandFaults({ node, path, kind, name }: ModelNode, model: DagModel): Generator<Fault> {
  if (kind !== 'job') return;
  if (node.image === undefined && model.document.defaults?.image === undefined)
    yield {
      path: [...path, 'image'],
      message: `is required: give ${name} an image, or all nodes one in \`defaults\``,
    };
  if (node.run !== undefined && node.command !== undefined)
    yield { path: [...path, 'command'], message: 'and `run` exclude one another', onKey: true };
}

function* repetitionFaults({ node, path }: ModelNode): Generator<Fault> {
  for (const field of ['maxParallel', 'failFast'] as const)
    if (node[field] !== undefined && node.forEach === undefined)
      yield { path: [...path, field], message: 'goes with `forEach` only', onKey: true };
  const limit = limits.dag.forEachItems;
  if (Array.isArray(node.forEach) && node.forEach.length > limit)
    yield {
      path: [...path, 'forEach'],
      message: `has ${node.forEach.length} items; at most ${limit} are allowed`,
      limit,
      value: String(node.forEach.length),
    };
}

function* groupFaults({ node, path }: ModelNode, model: DagModel): Generator<Fault> {
  const groups = model.document.groups ?? {};
  if (node.group === undefined || Object.hasOwn(groups, node.group)) return;
  const near = didYouMean(node.group, Object.keys(groups));
  const message = `is not a group of \`groups\`${near === null ? '' : `; did you mean ${near}?`}`;
  yield { path: [...path, 'group'], message, value: node.group };
}

function* sharedFaults(thing: DagNode, path: Path, document: unknown): Generator<Fault> {
  for (const problem of sharedProblems(thing as Parameters<typeof sharedProblems>[0], path))
    yield faultOfProblem(document, problem);
}

function* nodeFaults(node: ModelNode, model: DagModel): Generator<Fault> {
  yield* foreignFields(node);
  if (node.kind === 'approval' && node.final)
    yield {
      path: [...node.path, 'approval'],
      message: 'cannot stand in `finally`: a run must end without a person',
      onKey: true,
    };
  yield* commandFaults(node, model);
  for (const fault of shellFaults(node.node)) yield { ...fault, path: [...node.path, ...fault.path] };
  yield* repetitionFaults(node);
  yield* groupFaults(node, model);
  yield* sharedFaults(node.node, node.path, model.document);
}

function* limitFaults({ document }: DagModel): Generator<Fault> {
  for (const [name, { mode, maxParallel }] of Object.entries(document.groups ?? {})) {
    const path = ['groups', name, 'maxParallel'];
    if (mode === 'limited' && maxParallel === undefined)
      yield { path, message: 'is required: a limited group says how many run at once' };
    if (mode !== 'limited' && maxParallel !== undefined)
      yield { path, message: `goes with mode limited; this group is ${mode}`, onKey: true };
  }
}

/** Fields that do not go together, images that are missing, expressions where a shell would run them. */
export function* checkFields(model: DagModel): Generator<Fault> {
  for (const node of model.nodes) yield* nodeFaults(node, model);
  yield* limitFaults(model);
  if (model.document.defaults !== undefined)
    yield* sharedFaults(model.document.defaults, ['defaults'], model.document);
}
