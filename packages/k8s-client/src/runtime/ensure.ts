import {
  failure,
  type AttemptLaunch,
  type EnsureOutcome,
  type Failure,
  type RuntimeObject,
} from '@job-orchestrator/types';
import type { ApiFailure } from '../http/api-result.ts';
import { readAttemptLabels, sameAttempt, sameExecution } from '../labels.ts';
import { refuseLaunch, renderJob } from '../manifest.ts';
import { decodeJob } from '../observe/decode.ts';
import { mapping, requiredText, textOrNull } from '../observe/fields.ts';
import { quotaWords } from '../observe/plain-words.ts';
import { messageOf } from '../system-clock.ts';
import type { RuntimeContext } from './context.ts';
import { removeJob } from './remove.ts';
import { laterJob, takeOverJob } from './take-over.ts';

const shortWaitMs = 1_000;
// Quota is freed when other work ends, credentials and rights are mended by people: neither within a second.
const longWaitMs = 10_000;

const busy = (
  message: string,
  retryAfterMs: number,
  reason: 'quota' | 'runtime_busy' = 'runtime_busy',
): EnsureOutcome => ({ kind: 'busy', reason, retryAfterMs, message });

/** Certain that nothing was created, for we were let do nothing. */
const shutOut = (message: string, retryAfterMs: number): EnsureOutcome => ({
  kind: 'busy',
  reason: 'runtime_unreachable',
  retryAfterMs,
  message,
});

const refused = (answer: ApiFailure): EnsureOutcome => ({
  kind: 'refused',
  failure: failure('launch_refused', `Kubernetes refused the Job: ${answer.message}`, {
    status: answer.status,
    reason: answer.reason,
    message: answer.message.slice(0, 2_000).toWellFormed(),
  }),
});

const unresolved = (answer: ApiFailure): EnsureOutcome => ({
  kind: 'unresolved',
  message:
    `Kubernetes has not said whether it created the Job (${answer.message}). ` +
    'The same Job is asked for again until it does; nothing else begins before.',
});

/** What a create that made nothing, or whose answer is not known, means. Exported for its tests. */
export const judgeRefusal = (answer: ApiFailure): EnsureOutcome => {
  switch (answer.kind) {
    case 'too_many':
      return busy(`Kubernetes asks us to slow down: ${answer.message}`, answer.retryAfterMs ?? shortWaitMs);
    case 'conflict':
      // Not "already exists": two creates met on one ResourceQuota ("Operation cannot be fulfilled").
      return busy(answer.message, shortWaitMs);
    case 'unauthorized':
      return shutOut(`Kubernetes refuses our credentials: ${answer.message}`, longWaitMs);
    case 'refused':
    case 'not_found':
    case 'gone':
      if (placeIsWrong(answer)) return shutOut(answer.message, longWaitMs);
      return /exceeded quota/.test(answer.message)
        ? busy(quotaWords(answer.message), longWaitMs, 'quota')
        : refused(answer);
    case 'withheld':
      return { kind: 'withheld' };
    case 'unreachable':
      return shutOut(`Kubernetes cannot be reached, nothing was sent: ${answer.message}`, shortWaitMs);
    case 'server_error':
    case 'unresolved':
    case 'aborted':
    default:
      return unresolved(answer);
  }
};

/**
 * Refusals that speak of the place and not of the job: rights that somebody took away, a namespace that is going or gone.
 * Failing on them would burn the whole queue at the rate of launches.
 */
const placeIsWrong = (answer: ApiFailure): boolean =>
  /cannot \w+ resource|because it is being terminated|^namespaces? "[^"]*" not found/.test(answer.message);

const nameTaken = (name: string): EnsureOutcome => ({
  kind: 'refused',
  failure: failure('name_taken', `A Job ${name} exists and carries other labels than ours.`, { name }),
});

const remember = (context: RuntimeContext, job: unknown): RuntimeObject | null => {
  try {
    const view = decodeJob(job);
    // The watch shows it a moment later; whoever observes in between must not take it for absent.
    context.store.putJob(view);
    return { uid: view.uid, name: view.name };
  } catch (error) {
    context.log.warn({ error: messageOf(error) }, 'Kubernetes answered with a Job that cannot be read');
    return null;
  }
};

/** Ours, ours under an id that the database forgot, or somebody else's. */
const judgeExisting = async (
  context: RuntimeContext,
  launch: AttemptLaunch,
  name: string,
  body: unknown,
  maySend: () => boolean,
): Promise<EnsureOutcome> => {
  const meta = mapping(mapping(body, 'object')['metadata'], 'metadata');
  const theirs = readAttemptLabels(mapping(meta['labels'], 'metadata.labels'));
  if (theirs === null && podsAreOf(launch, body))
    return removeUnlabelled(context, launch, { uid: requiredText(meta['uid'], 'metadata.uid'), name });
  if (theirs === null || !sameExecution(theirs, launch)) return nameTaken(name);
  if (!sameAttempt(theirs, launch)) {
    const uid = requiredText(meta['uid'], 'metadata.uid');
    const resourceVersion = requiredText(meta['resourceVersion'], 'metadata.resourceVersion');
    const former = { attemptId: theirs.attemptId, uid, name, resourceVersion };
    return takeOverJob(context, launch, former, maySend, (job) => remember(context, job) !== null);
  }
  const object = remember(context, body);
  if (object === null) return { kind: 'unresolved', message: `The Job ${name} cannot be read.` };
  return textOrNull(meta['deletionTimestamp'], 'metadata.deletionTimestamp') === null
    ? { kind: 'exists', object }
    : { kind: 'terminating', object, message: `The Job ${name} is being removed.` };
};

/** The name is taken: by us, by us on its way out, or by somebody else. */
const resolveExisting = async (
  context: RuntimeContext,
  launch: AttemptLaunch,
  name: string,
  maySend: () => boolean,
): Promise<EnsureOutcome> => {
  const found = await context.api.json<unknown>({ method: 'GET', path: context.paths.job(name) });
  if (found.kind !== 'ok')
    return { kind: 'unresolved', message: `The Job ${name} exists, but reading it failed: ${found.message}` };
  try {
    return await judgeExisting(context, launch, name, found.body, maySend);
  } catch (error) {
    return { kind: 'unresolved', message: `The Job ${name} exists, but cannot be read: ${messageOf(error)}` };
  }
};

type Prepared =
  | { readonly job: ReturnType<typeof renderJob>; readonly refusal: null }
  | { readonly job: null; readonly refusal: Failure };

/**
 * A spec that is not as it must be (an edited row, one of another version) is refused for good: were it thrown, nobody could
 * tell whether something was sent, and neither a deadline nor a cancel would ever end its attempt.
 */
const prepare = ({ collector }: RuntimeContext, launch: AttemptLaunch): Prepared => {
  try {
    const job = renderJob(launch, collector);
    const refusal = refuseLaunch(launch, job, collector);
    return refusal === null ? { job, refusal } : { job: null, refusal };
  } catch (error) {
    const sentence = `No Kubernetes Job can be made of this job as it is stored: ${messageOf(error)}`;
    return { job: null, refusal: failure('launch_refused', sentence, { error: messageOf(error) }) };
  }
};

/**
 * A webhook took the labels from the Job by which we watch: it would run without anybody to see it. Removed by its uid it is
 * nobody's any more, and the job is told why.
 */
const removeUnlabelled = async (
  context: RuntimeContext,
  launch: AttemptLaunch,
  object: RuntimeObject,
): Promise<EnsureOutcome> => {
  const { name, uid } = object;
  if (!(await removeJob(context, { ...launch, object })))
    return { kind: 'unresolved', message: `The Job ${name} lost our labels, and could not be removed.` };
  const sentence =
    `Something in the cluster (a mutating webhook) took our labels from the Job ${name} as it was created; without them ` +
    'nobody would watch it, and it was removed.';
  return { kind: 'refused', failure: failure('launch_refused', sentence, { name, uid }) };
};

/** Where a create's answer was lost, or the removal failed, the labels of its pods tell that a Job without ours is this attempt's. */
const podsAreOf = (launch: AttemptLaunch, body: unknown): boolean => {
  const template = mapping(mapping(mapping(body, 'object')['spec'], 'spec')['template'], 'spec.template');
  const meta = mapping(template['metadata'], 'spec.template.metadata');
  const pods = readAttemptLabels(mapping(meta['labels'], 'spec.template.metadata.labels'));
  return pods !== null && sameAttempt(pods, launch);
};

/** What was created, and cannot be read as ours. */
const settleUnread = async (
  context: RuntimeContext,
  launch: AttemptLaunch,
  body: unknown,
): Promise<EnsureOutcome> => {
  try {
    const meta = mapping(mapping(body, 'object')['metadata'], 'metadata');
    const object = {
      uid: requiredText(meta['uid'], 'metadata.uid'),
      name: requiredText(meta['name'], 'metadata.name'),
    };
    if (readAttemptLabels(mapping(meta['labels'], 'metadata.labels')) === null)
      return await removeUnlabelled(context, launch, object);
  } catch (error) {
    context.log.warn({ error: messageOf(error) }, 'of a created Job not even its name can be read');
  }
  return { kind: 'unresolved', message: 'The created Job cannot be read.' };
};

/** Creates the Job of an attempt by its deterministic name, or finds it. */
export const ensureJob = async (
  context: RuntimeContext,
  launch: AttemptLaunch,
  maySend: () => boolean,
): Promise<EnsureOutcome> => {
  const { job, refusal } = prepare(context, launch);
  if (job === null) return { kind: 'refused', failure: refusal };
  const later = laterJob(context, launch);
  if (later !== null) return { kind: 'superseded', by: later.attempt.attemptNumber };
  const create = { method: 'POST', path: context.paths.jobs, body: job, maySend } as const;
  const made = await context.api.json<unknown>(create);
  if (made.kind === 'ok') {
    const object = remember(context, made.body);
    return object === null ? settleUnread(context, launch, made.body) : { kind: 'created', object };
  }
  if (made.kind === 'conflict' && made.reason === 'AlreadyExists') {
    return resolveExisting(context, launch, job.metadata?.name ?? '', maySend);
  }
  return judgeRefusal(made);
};
