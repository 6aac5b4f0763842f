import { failure, type FailureReason, type Observation, type WaitingReason } from '@job-orchestrator/types';
import type { ContainerState, EventView, PodView } from './views.ts';

/** What a waiting container or a Job without pod is waiting for. The first rule that fits decides. */
interface WaitingRule {
  readonly reason: RegExp;
  readonly message?: RegExp;
  readonly waiting: WaitingReason;
  /** Present: it will not mend itself, and after `graceMs` of it the attempt is refused. */
  readonly refuse?: { readonly as: FailureReason; readonly graceMs: number };
}

const transientPull =
  /429|too ?many ?requests|pull QPS exceeded|timeout|timed out|deadline exceeded|connection refused|connection reset|TLS handshake|unexpected EOF|server misbehaving|\b50[0234]\b/i;
const certainPull =
  /not found|manifest unknown|does not exist|denied|unauthorized|authentication required|no match for platform|no matching manifest/i;

// A registry that hiccups answers within minutes; a wrong reference stays wrong, but tags also appear while CI pushes.
const pullGraceMs = 120_000;
const doubtfulPullGraceMs = 300_000;
const configGraceMs = 60_000;

/** `containerStatuses[].state.waiting` of the main container. */
export const containerRules: readonly WaitingRule[] = [
  {
    reason: /^InvalidImageName$/,
    waiting: 'image_problem',
    refuse: { as: 'invalid_image_name', graceMs: 0 },
  },
  { reason: /^ErrImageNeverPull$/, waiting: 'image_problem', refuse: { as: 'image_not_found', graceMs: 0 } },
  {
    reason: /^(ErrImagePull|ImagePullBackOff)$/,
    message: certainPull,
    waiting: 'image_problem',
    refuse: { as: 'image_not_found', graceMs: pullGraceMs },
  },
  {
    reason: /^(ErrImagePull|ImagePullBackOff|RegistryUnavailable|ImageInspectError)$/,
    message: transientPull,
    waiting: 'image_problem',
  },
  {
    reason: /^(ErrImagePull|ImagePullBackOff|SignatureValidationFailed)$/,
    waiting: 'image_problem',
    refuse: { as: 'image_not_found', graceMs: doubtfulPullGraceMs },
  },
  { reason: /^RegistryUnavailable$/, waiting: 'image_problem' },
  { reason: /^CreateContainerConfigError$/, message: /subPath/, waiting: 'configuration_problem' },
  {
    reason: /^CreateContainerConfigError$/,
    waiting: 'configuration_problem',
    refuse: { as: 'container_config', graceMs: configGraceMs },
  },
  {
    reason: /^CreateContainerError$/,
    message: /deadline exceeded|name .* is reserved/,
    waiting: 'configuration_problem',
  },
  {
    reason: /^(CreateContainerError|PreCreateHookError)$/,
    waiting: 'configuration_problem',
    refuse: { as: 'container_config', graceMs: configGraceMs },
  },
  {
    reason: /^(RunContainerError|StartError)$/,
    waiting: 'configuration_problem',
    refuse: { as: 'command_not_found', graceMs: 30_000 },
  },
];

/** Events of a Job that has no pod. Kubernetes shows quota and admission nowhere else. */
export const eventRules: readonly WaitingRule[] = [
  { reason: /^FailedCreate$/, message: /exceeded quota|failed quota/, waiting: 'quota' },
  {
    reason: /^FailedCreate$/,
    message: /failed calling webhook|timeout|Internal error/,
    waiting: 'launching',
  },
  {
    reason: /^FailedCreate$/,
    message: /violates PodSecurity|admission webhook .* denied|is forbidden|is invalid/,
    waiting: 'configuration_problem',
    refuse: { as: 'launch_refused', graceMs: configGraceMs },
  },
  { reason: /^FailedCreate$/, waiting: 'launching' },
];

const find = (rules: readonly WaitingRule[], reason: string, message: string): WaitingRule | undefined =>
  rules.find((rule) => rule.reason.test(reason) && (rule.message?.test(message) ?? true));

const apply = (rule: WaitingRule, reason: string, message: string, since: Date): Observation => {
  const sentence = message === '' ? reason : `${reason}: ${message}`;
  if (rule.refuse === undefined) return { kind: 'waiting', reason: rule.waiting, message: sentence };
  const { as, graceMs } = rule.refuse;
  return { kind: 'refused', since, graceMs, failure: failure(as, sentence, { reason, message }) };
};

/** True when a container is in trouble rather than merely being prepared: its first sighting starts the grace. */
export const isTrouble = (state: ContainerState): boolean =>
  state.kind === 'waiting' && find(containerRules, state.reason, state.message) !== undefined;

/** A server or kubelet without native sidecars runs our collector as an ordinary init container, which never ends. */
const judgeNoSidecar = (pod: PodView): Observation | null => {
  if (pod.collector === null || pod.collector.sidecar) return null;
  const sentence =
    'This Kubernetes dropped restartPolicy from the output collector: outputs need native sidecars (1.29 or newer).';
  const evidence = { pod: pod.name };
  return {
    kind: 'refused',
    since: pod.createdAt,
    graceMs: 0,
    failure: failure('launch_refused', sentence, evidence),
  };
};

const judgeTrouble = (pod: PodView, state: ContainerState, prefix: string): Observation | null => {
  if (state.kind !== 'waiting') return null;
  const rule = find(containerRules, state.reason, state.message);
  return rule === undefined
    ? null
    : apply(rule, `${prefix}${state.reason}`, state.message, pod.troubleSince ?? pod.createdAt);
};

/** What a pod whose program has not started waits for. */
export const judgeWaitingPod = (pod: PodView): Observation => {
  const stuck =
    judgeNoSidecar(pod) ??
    judgeTrouble(pod, pod.main.state, '') ??
    (pod.collector === null ? null : judgeTrouble(pod, pod.collector.state, 'output collector: '));
  if (stuck !== null) return stuck;
  const unscheduled = pod.conditions.find(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  );
  if (unscheduled?.reason === 'Unschedulable') {
    return { kind: 'waiting', reason: 'unschedulable', message: unscheduled.message };
  }
  if (unscheduled?.reason === 'SchedulingGated') {
    return {
      kind: 'waiting',
      reason: 'suspended',
      message: unscheduled.message || 'The pod is held by a scheduling gate.',
    };
  }
  if (pod.node === null) return { kind: 'waiting', reason: 'scheduling', message: 'Waiting for a node.' };
  return {
    kind: 'waiting',
    reason: 'pulling_image',
    message: `Node ${pod.node} pulls the image and prepares the container.`,
  };
};

/** What a Job without any pod waits for. */
export const judgeEvent = (event: EventView | null): Observation => {
  const rule = event === null ? undefined : find(eventRules, event.reason, event.message);
  if (event === null || rule === undefined)
    return { kind: 'waiting', reason: 'launching', message: 'Waiting for the pod to be made.' };
  return apply(rule, event.reason, event.message, event.firstAt);
};
