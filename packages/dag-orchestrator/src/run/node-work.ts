import {
  nodePlace,
  limits,
  OrchestratorError,
  type ChildRunDraft,
  type DagRunSetup,
  type ExpressionScope,
  type GraphNode,
  type JobNode,
  type JsonObject,
  type NodeWork,
  type SubDagNode,
} from '@job-orchestrator/types';
import { renderText, renderValue } from '../expressions/evaluate.ts';
import type { Evaluated } from '../plan/expressions.ts';
import { completeInputs } from '../values/check-values.ts';
import { cacheKeyOf } from './cache-key.ts';
import { nodeJob, type JobDraft } from './node-job.ts';
import type { SubDag, SubDags } from './sub-dags.ts';

/** What a node runs, but for ids, which pure code cannot make. */
export type WorkDraft = NodeWork<JobDraft, ChildRunDraft>;

const withDefaults = (place: string, { inputs }: SubDag, given: JsonObject): Evaluated<JsonObject> => {
  try {
    return { ok: true, value: completeInputs(inputs, given) };
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    const problems = error.problems.map(({ field, message }) => `${field} ${message}`);
    return { ok: false, reason: 'input', message: `${place}: ${problems.join('; ')}` };
  }
};

/** The inputs of a sub-DAG: rendered, then checked against its own schemas. */
const subDagInputs = (node: SubDagNode, dag: SubDag, scope: ExpressionScope): Evaluated<JsonObject> => {
  const rendered = renderValue(node.inputs ?? {}, scope, `${nodePlace(node)}.inputs`);
  if (!rendered.ok) return { ok: false, message: `${rendered.problem.field}: ${rendered.problem.message}` };
  return withDefaults(nodePlace(node), dag, rendered.value as JsonObject);
};

const subDagRun = (
  { depth }: DagRunSetup,
  node: SubDagNode,
  dag: SubDag,
  scope: ExpressionScope,
): Evaluated<WorkDraft> => {
  const { subDagDepth: most } = limits.dag;
  if (depth >= most)
    return {
      ok: false,
      reason: 'limit',
      message: `it would be nested ${depth + 1} levels deep; the limit is ${most}`,
    };
  const inputs = subDagInputs(node, dag, scope);
  if (!inputs.ok) return inputs;
  const { version, progress, deadlineSeconds } = dag;
  return {
    ok: true,
    value: {
      kind: 'dag',
      run: { dag: node.dag.name, version, inputs: inputs.value, progress, deadlineSeconds },
    },
  };
};

const keyOf = (node: JobNode, job: JobDraft): { readonly cacheKey?: string } => {
  const cacheKey = node.cache === undefined ? null : cacheKeyOf(job, node.outputs);
  return cacheKey === null ? {} : { cacheKey };
};

/** What a node does in this scope: its job, its question, or its run of another DAG. */
export const nodeWork = (
  setup: DagRunSetup,
  node: GraphNode,
  subDags: SubDags,
  scope: ExpressionScope,
): Evaluated<WorkDraft> => {
  if (node.kind === 'dag') return subDagRun(setup, node, subDags.get(node.name)!, scope);
  if (node.kind === 'job') {
    const job = nodeJob(setup, node, scope);
    return job.ok ? { ok: true, value: { kind: 'job', job: job.value, ...keyOf(node, job.value) } } : job;
  }
  const { timeoutSeconds } = node;
  const message = renderText(node.message, scope, `${nodePlace(node)}.approval.message`);
  if (!message.ok) return { ok: false, message: `${message.problem.field}: ${message.problem.message}` };
  return { ok: true, value: { kind: 'approval', message: message.value, timeoutSeconds } };
};
