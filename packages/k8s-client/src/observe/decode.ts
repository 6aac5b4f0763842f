import { localQueueLabel } from '@job-orchestrator/types';
import { collectorContainer } from '../collector/container.ts';
import { annotations, readAttemptLabels, type LabelledAttempt } from '../labels.ts';
import { mainContainer } from '../manifest.ts';
import {
  list,
  mapping,
  moment,
  PoisonedObjectError,
  requiredInteger,
  requiredText,
  text,
  textOrNull,
} from './fields.ts';
import type {
  ConditionView,
  ContainerState,
  ContainerView,
  JobView,
  PodPhase,
  PodView,
  Warning,
} from './views.ts';

/** Whose an object of this uid is, as far as that is known without its labels. */
type KnownAttempt = (uid: string) => LabelledAttempt | null;
const nobody: KnownAttempt = () => null;

/**
 * Anybody may edit labels: whose an object is, is also known from before. Only a take-over gives one to another attempt, and
 * leaves a note of it.
 */
const whoseIs = (
  meta: Readonly<Record<string, unknown>>,
  before: LabelledAttempt | null,
): LabelledAttempt | null => {
  const labelled = readAttemptLabels(mapping(meta['labels'], 'metadata.labels'));
  const notes = mapping(meta['annotations'], 'metadata.annotations');
  const wasTakenOver = notes[annotations.takenOverFrom] !== undefined;
  return wasTakenOver ? (labelled ?? before) : (before ?? labelled);
};

const decodeMeta = (
  object: unknown,
  known: KnownAttempt,
): Pick<JobView, 'attempt' | 'name' | 'uid' | 'version' | 'createdAt' | 'deleting' | 'goneBy'> => {
  const meta = mapping(mapping(object, 'object')['metadata'], 'metadata');
  const uid = requiredText(meta['uid'], 'metadata.uid');
  const attempt = whoseIs(meta, known(uid)) ?? known(ownerJob(meta) ?? '');
  if (attempt === null)
    throw new PoisonedObjectError('metadata.labels lacks one of our labels, or has it malformed');
  return {
    attempt,
    name: requiredText(meta['name'], 'metadata.name'),
    uid,
    version: text(meta['resourceVersion'], 'metadata.resourceVersion'),
    createdAt: moment(meta['creationTimestamp'], 'metadata.creationTimestamp') ?? new Date(0),
    deleting: textOrNull(meta['deletionTimestamp'], 'metadata.deletionTimestamp') !== null,
    goneBy: moment(meta['deletionTimestamp'], 'metadata.deletionTimestamp'),
  };
};

const decodeConditions = (value: unknown): readonly ConditionView[] =>
  list(value, 'status.conditions').map((item) => {
    const condition = mapping(item, 'status.conditions[]');
    return {
      type: text(condition['type'], 'condition.type'),
      status: text(condition['status'], 'condition.status'),
      reason: text(condition['reason'], 'condition.reason'),
      message: text(condition['message'], 'condition.message'),
      changedAt: moment(condition['lastTransitionTime'], 'condition.lastTransitionTime'),
    };
  });

/** Reads a Job of ours; throws `PoisonedObjectError` for one that is not as it must be. */
export const decodeJob = (object: unknown, known = nobody): JobView => {
  const root = mapping(object, 'object');
  const spec = mapping(root['spec'], 'spec');
  const status = mapping(root['status'], 'status');
  const meta = mapping(root['metadata'], 'metadata');
  const notes = mapping(meta['annotations'], 'metadata.annotations');
  return {
    ...decodeMeta(object, known),
    suspended: spec['suspend'] === true,
    localQueue: textOrNull(mapping(meta['labels'], 'metadata.labels')[localQueueLabel], 'metadata.labels'),
    stopRequested: notes[annotations.stopRequested] !== undefined,
    startedAt: moment(status['startTime'], 'status.startTime'),
    completedAt: moment(status['completionTime'], 'status.completionTime'),
    conditions: decodeConditions(status['conditions']),
    letGoMs: null,
  };
};

const decodeState = (value: unknown): ContainerState => {
  const state = mapping(value, 'state');
  if (state['terminated'] !== undefined) {
    const ended = mapping(state['terminated'], 'state.terminated');
    return {
      kind: 'terminated',
      exitCode: requiredInteger(ended['exitCode'], 'state.terminated.exitCode'),
      signal:
        ended['signal'] === undefined ? null : requiredInteger(ended['signal'], 'state.terminated.signal'),
      reason: text(ended['reason'], 'state.terminated.reason'),
      message: text(ended['message'], 'state.terminated.message'),
      startedAt: moment(ended['startedAt'], 'state.terminated.startedAt'),
      finishedAt: moment(ended['finishedAt'], 'state.terminated.finishedAt'),
    };
  }
  if (state['running'] !== undefined) {
    const running = mapping(state['running'], 'state.running');
    return { kind: 'running', startedAt: moment(running['startedAt'], 'state.running.startedAt') };
  }
  if (state['waiting'] === undefined) return { kind: 'none' };
  const waiting = mapping(state['waiting'], 'state.waiting');
  return {
    kind: 'waiting',
    reason: text(waiting['reason'], 'state.waiting.reason'),
    message: text(waiting['message'], 'state.waiting.message'),
  };
};

const decodeContainer = (value: unknown, sidecars: ReadonlySet<string>): ContainerView => {
  const status = mapping(value, 'container status');
  const name = requiredText(status['name'], 'container status.name');
  return {
    name,
    sidecar: sidecars.has(name),
    state: decodeState(status['state']),
    imageId: decodeImageId(status['imageID']),
  };
};

/** `REPOSITORY@sha256:…` of an image that was pulled, only a digest of one that was imported; some runtimes put a scheme before. */
const decodeImageId = (value: unknown): string | null =>
  textOrNull(value, 'container status.imageID')?.replace(/^[a-z-]+:\/\//, '') ?? null;

const sidecarNames = (spec: Readonly<Record<string, unknown>>): ReadonlySet<string> =>
  new Set(
    list(spec['initContainers'], 'spec.initContainers')
      .map((item) => mapping(item, 'spec.initContainers[]'))
      .filter((container) => container['restartPolicy'] === 'Always')
      .map((container) => text(container['name'], 'spec.initContainers[].name')),
  );

const phases: ReadonlySet<string> = new Set<PodPhase>([
  'Pending',
  'Running',
  'Succeeded',
  'Failed',
  'Unknown',
]);

const decodePhase = (value: unknown): PodPhase => {
  const phase = text(value, 'status.phase') || 'Pending';
  if (!phases.has(phase)) throw new PoisonedObjectError(`status.phase ${JSON.stringify(phase)} is not known`);
  return phase as PodPhase;
};

const ownerJob = (meta: Readonly<Record<string, unknown>>): string | null => {
  const owners = list(meta['ownerReferences'], 'metadata.ownerReferences').map((item) =>
    mapping(item, 'owner'),
  );
  const job = owners.find((owner) => owner['kind'] === 'Job' && owner['controller'] === true);
  return job === undefined ? null : textOrNull(job['uid'], 'metadata.ownerReferences[].uid');
};

const noContainer = (name: string, sidecar: boolean): ContainerView => ({
  name,
  sidecar,
  state: { kind: 'none' },
  imageId: null,
});

/** Our collector by the pod's spec, for its status comes later. */
const decodeCollector = (
  spec: Readonly<Record<string, unknown>>,
  init: readonly ContainerView[],
): ContainerView | null => {
  const declared = list(spec['initContainers'], 'spec.initContainers').some(
    (item) => mapping(item, 'spec.initContainers[]')['name'] === collectorContainer,
  );
  if (!declared) return null;
  const isOurs = ({ name }: ContainerView): boolean => name === collectorContainer;
  return init.find(isOurs) ?? noContainer(collectorContainer, sidecarNames(spec).has(collectorContainer));
};

const memoryLimit = (spec: Readonly<Record<string, unknown>>): string | null => {
  const main = list(spec['containers'], 'spec.containers')
    .map((item) => mapping(item, 'spec.containers[]'))
    .find(({ name }) => name === mainContainer);
  const limits = mapping(mapping(main?.['resources'], 'resources')['limits'], 'resources.limits');
  return textOrNull(limits['memory'], 'resources.limits.memory');
};

/** A pod that says nothing of its grace has Kubernetes' own 30 s. */
const graceMs = ({ deletionGracePeriodSeconds: seconds }: Readonly<Record<string, unknown>>): number =>
  1_000 *
  (seconds === undefined || seconds === null
    ? 30
    : requiredInteger(seconds, 'metadata.deletionGracePeriodSeconds'));

/** Reads a pod of ours; throws `PoisonedObjectError` for one that is not as it must be. */
export const decodePod = (object: unknown, known = nobody): PodView => {
  const root = mapping(object, 'object');
  const spec = mapping(root['spec'], 'spec');
  const status = mapping(root['status'], 'status');
  const containers = (field: string): readonly ContainerView[] =>
    list(status[field], `status.${field}`).map((item) => decodeContainer(item, sidecarNames(spec)));
  const init = containers('initContainerStatuses');
  return {
    ...decodeMeta(object, known),
    jobUid: ownerJob(mapping(root['metadata'], 'metadata')),
    phase: decodePhase(status['phase']),
    reason: text(status['reason'], 'status.reason'),
    message: text(status['message'], 'status.message'),
    node: textOrNull(spec['nodeName'], 'spec.nodeName'),
    conditions: decodeConditions(status['conditions']),
    init,
    main:
      containers('containerStatuses').find((container) => container.name === mainContainer) ??
      noContainer(mainContainer, false),
    collector: decodeCollector(spec, init),
    memoryLimit: memoryLimit(spec),
    gone: false,
    graceMs: graceMs(mapping(root['metadata'], 'metadata')),
    deletingSinceMs: null,
    troubleSinceMs: null,
  };
};

/** Reads an event about a Job or a pod; null for one that is no warning. Throws `PoisonedObjectError`. */
export const decodeEvent = (object: unknown): Warning | null => {
  const root = mapping(object, 'object');
  const about = mapping(root['involvedObject'], 'involvedObject');
  if (root['type'] !== 'Warning') return null;
  return {
    aboutUid: requiredText(about['uid'], 'involvedObject.uid'),
    aboutName: requiredText(about['name'], 'involvedObject.name'),
    reason: text(root['reason'], 'reason'),
    message: text(root['message'], 'message'),
  };
};
