import { failure, type Observation } from '@job-orchestrator/types';
import { pullWords, quotaWords, refusalWords, schedulerWords } from './plain-words.ts';
import type { ConditionView, EventView, PodView, Warning } from './views.ts';
import { containerRules, eventRules, findRule, podEventRules, type WaitingRule } from './waiting-signals.ts';

const sentenceOf = (rule: WaitingRule, reason: string, message: string): string => {
  if (rule.waiting === 'quota') return quotaWords(message);
  if (rule.refuse?.as === 'launch_refused') return refusalWords(message);
  const [, container] = /^(.*)(?:ErrImagePull|ImagePullBackOff)$/.exec(reason) ?? [];
  return container === undefined || message === '' ? said(reason, message) : container + pullWords(message);
};

const apply = (rule: WaitingRule, reason: string, message: string, forMs: number): Observation => {
  const sentence = sentenceOf(rule, reason, message);
  if (rule.refuse === undefined) return { kind: 'waiting', reason: rule.waiting, message: sentence };
  const { as, graceMs } = rule.refuse;
  const { waiting } = rule;
  return { kind: 'refused', forMs, graceMs, waiting, failure: failure(as, sentence, { reason, message }) };
};

const said = (reason: string, message: string): string => (message === '' ? reason : `${reason}: ${message}`);

interface Trouble {
  readonly rule: WaitingRule;
  readonly reason: string;
  readonly message: string;
}

/** A server or kubelet without native sidecars runs our collector as an ordinary init container, which never ends. */
const judgeNoSidecar = (pod: PodView): Observation | null => {
  if (pod.collector === null || pod.collector.sidecar) return null;
  const sentence =
    'This Kubernetes dropped restartPolicy from the output collector: outputs need native sidecars (1.29 or newer).';
  const judged = failure('launch_refused', sentence, { pod: pod.name });
  return { kind: 'refused', forMs: 0, graceMs: 0, failure: judged };
};

/** What people named (images, tags, Secrets) says nothing of what went wrong: a digest may well contain 429. */
const withoutNames = (message: string): string =>
  message
    .replaceAll(/"[^"]*"/g, '""')
    .replaceAll(/\[[^\]]*\]/g, '[]')
    .replaceAll(/\S*[/@]\S*/g, '');

type Containers = Pick<PodView, 'init' | 'main' | 'collector'>;

const whose = ({ main, collector }: Containers, name: string): string => {
  if (name === main.name) return '';
  return name === collector?.name ? 'output collector: ' : `container ${name}: `;
};

/** The first container of a pod that is in trouble rather than merely being prepared. */
const troubleOf = (pod: Containers): Trouble | undefined => {
  for (const { name, state } of [...pod.init, pod.main]) {
    if (state.kind !== 'waiting') continue;
    const rule = findRule(containerRules, state.reason, withoutNames(state.message));
    if (rule !== undefined)
      return { rule, reason: `${whose(pod, name)}${state.reason}`, message: state.message };
  }
  return undefined;
};

/** True when a container is in trouble: its first sighting starts the grace. */
export const isTrouble = (pod: Containers): boolean => troubleOf(pod) !== undefined;

const conditionOf = (pod: PodView, type: string): ConditionView | undefined =>
  pod.conditions.find((condition) => condition.type === type);

const judgeUnscheduled = (pod: PodView): Observation | null => {
  const unscheduled = conditionOf(pod, 'PodScheduled');
  if (unscheduled?.status !== 'False') return null;
  if (unscheduled.reason === 'Unschedulable')
    return { kind: 'waiting', reason: 'unschedulable', message: schedulerWords(unscheduled.message) };
  if (unscheduled.reason !== 'SchedulingGated') return null;
  const message = unscheduled.message || 'The pod is held by a scheduling gate.';
  return { kind: 'waiting', reason: 'suspended', message };
};

/** The init container that runs now, sidecars apart. */
const runningInit = ({ init }: PodView): string | null =>
  init.find(({ sidecar, state }) => !sidecar && state.kind === 'running')?.name ?? null;

/**
 * A pod on its node, without any trouble in its status. While its sandbox is not ready an event may say what keeps it; on
 * servers that do not show whether it is, the event is told but ends nothing, for it may be of the past.
 */
const judgePrepared = (pod: PodView, event: EventView | null, nowMs: number): Observation => {
  const sandbox = conditionOf(pod, 'PodReadyToStartContainers')?.status;
  const rule = event === null ? undefined : findRule(podEventRules, event.reason, event.message);
  if (event !== null && rule !== undefined && sandbox !== 'True') {
    const judged = apply(rule, event.reason, event.message, nowMs - event.seenMs);
    if (sandbox === 'False') return judged;
    return { kind: 'waiting', reason: rule.waiting, message: said(event.reason, event.message) };
  }
  const init = runningInit(pod);
  if (init !== null)
    return {
      kind: 'waiting',
      reason: 'preparing',
      message: `The init container ${init}, which is not ours, runs.`,
    };
  if (sandbox === 'False')
    return {
      kind: 'waiting',
      reason: 'preparing',
      message: `Node ${pod.node} prepares network and volumes of the pod.`,
    };
  return {
    kind: 'waiting',
    reason: 'pulling_image',
    message: `Node ${pod.node} pulls the image and prepares the container.`,
  };
};

/** What a pod whose program has not started waits for. `event`: the newest warning about it. `nowMs`: on our monotonic clock. */
export const judgeWaitingPod = (pod: PodView, event: EventView | null, nowMs: number): Observation => {
  const noSidecar = judgeNoSidecar(pod);
  if (noSidecar !== null) return noSidecar;
  const trouble = troubleOf(pod);
  if (trouble !== undefined)
    return apply(trouble.rule, trouble.reason, trouble.message, nowMs - (pod.troubleSinceMs ?? nowMs));
  const unscheduled = judgeUnscheduled(pod);
  if (unscheduled !== null) return unscheduled;
  if (pod.node === null) return { kind: 'waiting', reason: 'scheduling', message: 'Waiting for a node.' };
  return judgePrepared(pod, event, nowMs);
};

const ruleOf = ({ reason, message }: Warning): WaitingRule | undefined =>
  findRule([...eventRules, ...podEventRules], reason, message);

/** True when two warnings tell of one trouble: each try of the Job controller has a warning, and a pod name, of its own. */
export const isSameTrouble = (one: Warning, other: Warning): boolean => ruleOf(one) === ruleOf(other);

/** What a Job without any pod waits for. */
export const judgeEvent = (event: EventView | null, nowMs: number): Observation => {
  const rule = event === null ? undefined : findRule(eventRules, event.reason, event.message);
  if (event === null || rule === undefined)
    return { kind: 'waiting', reason: 'launching', message: 'Waiting for the pod to be made.' };
  return apply(rule, event.reason, event.message, nowMs - event.seenMs);
};
