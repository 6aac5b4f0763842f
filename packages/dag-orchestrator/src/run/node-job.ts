import { completeSpec } from '@job-orchestrator/operations';
import {
  nodePlace,
  chooseProfile,
  dagLabels,
  specProblems,
  type DagRunSetup,
  type ExpressionScope,
  type JobNode,
  type JobSubmission,
  type JsonObject,
  type NewJob,
} from '@job-orchestrator/types';
import { renderText, renderValue, type Evaluated as Rendered } from '../expressions/evaluate.ts';
import type { Evaluated } from '../plan/expressions.ts';

/** A job but for its id, which pure code cannot make. */
export type JobDraft = Omit<NewJob, 'id'>;

class NoValue extends Error {}

/** The value, or an end of the whole rendering with the message of its problem. */
const must = <Value>(rendered: Rendered<Value>): Value => {
  if (rendered.ok) return rendered.value;
  throw new NoValue(`${rendered.problem.field}: ${rendered.problem.message}`);
};

const submissionOf = (node: JobNode, scope: ExpressionScope): JobSubmission => {
  const { job, name, inputs } = node;
  const at = nodePlace(node);
  const text = (template: string, place: string): string =>
    must(renderText(template, scope, `${at}.${place}`));
  const env = Object.entries(job.env ?? {}).map(([key, value]) => [key, text(value, `env.${key}`)] as const);
  const given = inputs === null ? null : must(renderValue(inputs, scope, `${at}.inputs`));
  return {
    ...(job as JobSubmission),
    name,
    ...(job.args === undefined ? {} : { args: job.args.map((arg, nth) => text(arg, `args[${nth}]`)) }),
    ...(job.env === undefined ? {} : { env: Object.fromEntries(env) }),
    ...(given === null ? {} : { inputs: given as JsonObject as NonNullable<JobSubmission['inputs']> }),
    output: node.outputs !== null,
  };
};

/** What a node runs in this scope: its template rendered over the image and the profile of the run's start. */
export const nodeJob = (
  { id, project, dag, images, profiles = [] }: DagRunSetup,
  node: JobNode,
  scope: ExpressionScope,
): Evaluated<JobDraft> => {
  try {
    const submission = submissionOf(node, scope);
    const profile = chooseProfile(profiles, submission) ?? null;
    const spec = completeSpec(submission, images[submission.image]!, profile);
    const [problem] = specProblems(spec, [nodePlace(node)]);
    if (problem !== undefined) throw new NoValue(`${problem.field} ${problem.message}`);
    const labels = { ...spec.labels, [dagLabels.run]: id, [dagLabels.dag]: dag, [dagLabels.node]: node.name };
    const { topic = 'default', priority = 0 } = submission;
    const draft = { project, topic, priority, runAt: null, retryOf: null, rootJobId: null };
    return { ok: true, value: { ...draft, spec: { ...spec, labels } } };
  } catch (error) {
    if (error instanceof NoValue) return { ok: false, message: error.message };
    throw error;
  }
};
