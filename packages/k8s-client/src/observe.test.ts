import { expect, test } from 'vitest';
import type { Observation } from '@job-orchestrator/types';
import { hasEnded, mergeEvent, mergePod, observeAttempt } from './observe.ts';
import { decodeEvent, decodeJob, decodePod } from './observe/decode.ts';
import type { PodView } from './observe/views.ts';
import { exited, jobObject, mainState, podObject } from './testing/objects.ts';

const now = 60_000;
const condition = (type: string, reason = '', message = '', status = 'True'): object => ({
  type,
  status,
  reason,
  message,
});
const seen = (status: object, metadata: object = {}, spec: object = {}): PodView =>
  mergePod(undefined, decodePod(podObject(status, metadata, { spec })), now);
const gone = (pod: PodView): PodView => ({ ...pod, gone: true });
const observe = (
  pods: readonly PodView[],
  job: Record<string, unknown> = {},
  event: object | null = null,
  nowMs = now,
): Observation => {
  const warning = event === null ? null : decodeEvent(event);
  const told = warning && mergeEvent(undefined, warning, now);
  return observeAttempt(
    { job: decodeJob(jobObject(undefined, job)), pods, event: told, podEvent: null },
    nowMs,
  );
};
const labelsOfJob = (jobObject()['metadata'] as { labels: object }).labels;
const failed = (reason: string, message = ''): Record<string, unknown> => ({
  status: { conditions: [condition('Failed', reason, message)] },
});
const deleting = { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 10 };
const disrupted = (reason = 'EvictionByEvictionAPI'): object => ({
  conditions: [condition('DisruptionTarget', reason)],
});
const evicted = (message: string): object => ({ reason: 'Evicted', message });
const stopped = { metadata: { annotations: { 'job-orchestrator.io/stop-requested': 'x' } } };
const event = (message: string): object => ({
  type: 'Warning',
  reason: 'FailedCreate',
  message,
  involvedObject: { uid: 'job-uid', name: 'jo-x' },
});

/** Recorded shapes of ended pods: what it is called, the pod's status, its metadata, and the reason that must come out. */
const endings: readonly (readonly [string, object, object, string | null])[] = [
  ['exit 0', exited(0), {}, null],
  ['exit 0 with the phase still running, because of a sidecar', { ...exited(0), phase: 'Running' }, {}, null],
  ['exit 3', exited(3), {}, 'exit_code'],
  ['exit 127 of a shell', exited(127), {}, 'exit_code'],
  [
    'no such command',
    exited(128, {}, { reason: 'StartError', message: 'exec: "x": not found' }),
    {},
    'command_not_found',
  ],
  [
    'older runtimes say ContainerCannotRun',
    exited(127, {}, { reason: 'ContainerCannotRun' }),
    {},
    'command_not_found',
  ],
  ['out of memory', exited(137, {}, { reason: 'OOMKilled' }), {}, 'oom_killed'],
  ['137 without any cause', exited(137), {}, 'killed_without_cause'],
  ['a crash', exited(139), {}, 'signal'],
  ['a signal as the runtime tells it', exited(1, {}, { signal: 11 }), {}, 'signal'],
  ['143 though nobody asked', exited(143), {}, 'signal'],
  ['143 while deleted', exited(143), deleting, 'object_deleted'],
  ['exit 1 while deleted', exited(1), deleting, 'object_deleted'],
  ['exit 0 while deleted', exited(0), deleting, 'suspect_success'],
  ['out of memory while deleted', exited(137, {}, { reason: 'OOMKilled' }), deleting, 'oom_killed'],
  ['drained', exited(143, disrupted()), deleting, 'disrupted'],
  ['preempted', exited(137, disrupted('PreemptionByScheduler')), deleting, 'disrupted'],
  ['exit 0 while drained', exited(0, disrupted()), deleting, 'suspect_success'],
  ['out of memory while drained', exited(137, disrupted(), { reason: 'OOMKilled' }), {}, 'disrupted'],
  [
    'evicted by node pressure',
    exited(137, {
      ...disrupted('TerminationByKubelet'),
      ...evicted('The node was low on resource: memory.'),
    }),
    {},
    'evicted',
  ],
  [
    'evicted by an older kubelet',
    exited(137, evicted('The node was low on resource: memory.')),
    {},
    'evicted',
  ],
  [
    'evicted before it started',
    { phase: 'Failed', ...evicted('The node was low on resource: memory.') },
    {},
    'evicted',
  ],
  [
    'exit 0 while evicted',
    exited(0, evicted('The node was low on resource: memory.')),
    {},
    'suspect_success',
  ],
  [
    'its own disk limit',
    exited(137, evicted('Usage of EmptyDir volume "tmp" exceeds the limit "1Gi".')),
    {},
    'own_limit_exceeded',
  ],
  [
    'its own disk limit with exit 0',
    exited(0, evicted('Pod ephemeral local storage usage exceeds the total limit')),
    {},
    'own_limit_exceeded',
  ],
  [
    'the pod deadline',
    exited(137, { reason: 'DeadlineExceeded', message: 'Pod was active too long' }),
    {},
    'run_deadline',
  ],
  ['the pod deadline, answered with 0', exited(0, { reason: 'DeadlineExceeded' }), {}, 'run_deadline'],
  [
    'not admitted',
    { phase: 'Failed', reason: 'OutOfcpu', message: 'Node didn’t have enough' },
    {},
    'node_refused',
  ],
  [
    'not admitted, device plugin',
    { phase: 'Failed', reason: 'UnexpectedAdmissionError' },
    {},
    'node_refused',
  ],
  ['node shutdown', exited(143, { reason: 'Terminated', message: 'node shutdown' }), {}, 'disrupted'],
  ['node shutdown with 0', exited(0, { reason: 'NodeShutdown' }), {}, 'suspect_success'],
  [
    'an init container that is not ours failed',
    { phase: 'Failed', initContainerStatuses: [{ name: 'mesh', state: { terminated: { exitCode: 1 } } }] },
    {},
    'init_failed',
  ],
  ['failed, and nothing says why', { phase: 'Failed' }, {}, 'unknown'],
];

test.each(endings)('ended: %s', (_name, status, metadata, reason) => {
  const observation = observe([seen(status, metadata)]);
  expect(observation).toMatchObject({
    kind: 'ended',
    exit: { failure: reason === null ? null : { reason } },
  });
});

test('a command that could not be started has no start and no exit code, whatever the kubelet writes for it', () => {
  const never = { reason: 'StartError', message: 'no such file', startedAt: '1970-01-01T00:00:00Z' };
  const exit = { startedAt: null, exitCode: null };
  expect(observe([seen(exited(128, {}, never))])).toMatchObject({ kind: 'ended', exit });
});

test('the report of an end carries code, times, node, image and evidence', () => {
  const observation = observe([seen(exited(3, {}, { message: 'last words' }))]);
  expect(observation).toMatchSnapshot();
});

test('a sidecar’s exit code is not the job’s', () => {
  const status = exited(0, {
    initContainerStatuses: [{ name: 'proxy', state: { terminated: { exitCode: 143 } } }],
  });
  const spec = { initContainers: [{ name: 'proxy', restartPolicy: 'Always' }] };
  expect(observe([seen(status, {}, spec)])).toMatchObject({ kind: 'ended', exit: { failure: null } });
});

test('an end that was seen before anybody asked the pod to go stays as it was', () => {
  const before = seen(exited(0));
  const after = mergePod(
    before,
    decodePod(podObject(exited(0, disrupted()), { ...deleting, resourceVersion: '2' })),
    now,
  );
  expect(observe([after])).toMatchObject({ kind: 'ended', exit: { exitCode: 0, failure: null } });
  expect(observe([gone(after)])).toMatchObject({ exit: { exitCode: 0, failure: null } });
  const late = mergePod(
    seen(mainState('Running', { running: {} })),
    decodePod(podObject(exited(0), deleting)),
    now,
  );
  expect(observe([late])).toMatchObject({ exit: { failure: { reason: 'suspect_success' } } });
});

test('what we asked to stop is neither a success nor the program’s fault', () => {
  for (const code of [0, 143, 7]) {
    expect(observe([seen(exited(code), deleting)], stopped)).toMatchObject({
      kind: 'ended',
      exit: { failure: { reason: 'cancelled' } },
    });
  }
  expect(observe([seen(exited(0))], stopped)).toMatchObject({ kind: 'ended', exit: { failure: null } });
  expect(observe([], { ...stopped, ...failed('DeadlineExceeded') })).toMatchObject({
    kind: 'ended',
    exit: { failure: { reason: 'cancelled' } },
  });
});

const waiting = (reason: string, message = ''): object =>
  mainState('Pending', { waiting: { reason, message } });
const unscheduled = (reason: string, message: string): object => ({
  conditions: [condition('PodScheduled', reason, message, 'False')],
});

test.each([
  ['ContainerCreating', '', 'pulling_image'],
  ['PodInitializing', '', 'pulling_image'],
])('waits: %s %s', (reason, message, expected) => {
  expect(observe([seen(waiting(reason, message))])).toMatchObject({ kind: 'waiting', reason: expected });
});

test.each([
  ['InvalidImageName', 'couldn’t parse image', 'invalid_image_name', 0],
  ['ErrImageNeverPull', '', 'image_not_found', 0],
  ['ErrImagePull', 'manifest unknown: not found', 'image_not_found', 120_000],
  ['ImagePullBackOff', 'Back-off pulling image "x"', 'image_not_found', 420_000],
  ['ErrImagePull', 'toomanyrequests: rate limit', 'registry_unavailable', 900_000],
  ['ImagePullBackOff', 'dial tcp: i/o timeout', 'registry_unavailable', 900_000],
  ['ErrImagePull', 'pull access denied, may require authorization', 'image_pull_denied', 120_000],
  ['ErrImagePull', 'no match for platform in manifest: not found', 'image_platform', 120_000],
  ['CreateContainerConfigError', 'failed to prepare subPath for volumeMount', 'node_trouble', 600_000],
  ['CreateContainerError', 'context deadline exceeded', 'node_trouble', 600_000],
  ['CreateContainerConfigError', 'secret "s" not found', 'reference_missing', 60_000],
  ['CreateContainerConfigError', 'image has non-numeric user (app)', 'container_config', 60_000],
  ['CreateContainerError', 'no command specified', 'container_config', 60_000],
  ['RunContainerError', 'exec failed', 'command_not_found', 30_000],
])('is refused after a grace: %s %s', (reason, message, expected, graceMs) => {
  const observation = observe([seen(waiting(reason, message))]);
  expect(observation).toMatchObject({ kind: 'refused', forMs: 0, graceMs, failure: { reason: expected } });
});

test('the grace runs from the first trouble, through the turns of ErrImagePull and ImagePullBackOff', () => {
  const later = now + 240_000;
  const first = seen(waiting('ErrImagePull', 'not found'));
  const again = mergePod(first, decodePod(podObject(waiting('ImagePullBackOff', 'Back-off'))), later);
  expect(observe([again], {}, null, later)).toMatchObject({ kind: 'refused', forMs: 240_000 });
  const started = mergePod(
    again,
    decodePod(podObject(mainState('Running', { running: { startedAt: '2026-01-01T00:06:00Z' } }))),
    later,
  );
  expect(started.troubleSinceMs).toBeNull();
  expect(observe([started])).toEqual({
    kind: 'running',
    startedAt: new Date('2026-01-01T00:06:00Z'),
    node: 'node-1',
  });
});

test('says why no node takes it, in the words of the scheduler', () => {
  const pod = seen(unscheduled('Unschedulable', '0/3 nodes: insufficient memory'), {}, { nodeName: '' });
  expect(observe([pod])).toEqual({
    kind: 'waiting',
    reason: 'unschedulable',
    message: '0/3 nodes: insufficient memory',
  });
  expect(observe([seen({}, {}, { nodeName: '' })])).toMatchObject({ kind: 'waiting', reason: 'scheduling' });
  expect(observe([seen(unscheduled('SchedulingGated', ''))])).toMatchObject({
    kind: 'waiting',
    reason: 'suspended',
  });
});

test('a Job without pod tells from its events what keeps it', () => {
  expect(observe([])).toMatchObject({ kind: 'waiting', reason: 'launching' });
  expect(observe([], {}, event('pods "x" is forbidden: exceeded quota: q'))).toMatchObject({
    kind: 'waiting',
    reason: 'quota',
  });
  expect(observe([], {}, event('pods "x" is forbidden: violates PodSecurity "restricted"'))).toMatchObject({
    kind: 'refused',
    forMs: 0,
    failure: { reason: 'launch_refused' },
  });
  expect(observe([], {}, event('failed calling webhook: timeout'))).toMatchObject({
    kind: 'waiting',
    reason: 'launching',
  });
});

test('a Job without pod tells from its conditions how it ended', () => {
  const reasonOf = (job: Record<string, unknown>): unknown => {
    const observation = observe([], job);
    return observation.kind === 'ended' ? observation.exit.failure?.reason : observation;
  };
  expect(reasonOf(failed('BackoffLimitExceeded'))).toBe('object_deleted');
  expect(reasonOf(failed('DeadlineExceeded'))).toBe('run_deadline');
  expect(reasonOf(failed('Surprise'))).toBe('unknown');
  expect(reasonOf({ status: { conditions: [condition('Complete')] } })).toBe('suspect_success');
});

const suspended = { spec: { suspend: true } };
const inQueue = {
  ...suspended,
  metadata: { labels: { ...labelsOfJob, 'kueue.x-k8s.io/queue-name': 'team-a' } },
};

test('a suspended Job waits: for quota where it is in a queue of Kueue, and its time to start stands still', () => {
  expect(observe([], suspended)).toEqual({
    kind: 'waiting',
    reason: 'suspended',
    message: 'The Job is suspended; its pod is made once somebody resumes it.',
    startClock: 'stopped',
  });
  expect(observe([], inQueue)).toEqual({
    kind: 'waiting',
    reason: 'quota',
    message: 'The Job waits for quota in the queue team-a of Kueue.',
    startClock: 'stopped',
  });
});

test('a resumed Job has its time to start from then on', () => {
  const changedAt = '2026-01-01T00:00:40Z';
  const resumed = {
    status: {
      conditions: [{ ...condition('Suspended', 'JobResumed', '', 'False'), lastTransitionTime: changedAt }],
    },
  };
  const pod = seen({}, {}, { nodeName: '' });
  expect(observe([pod], resumed)).toMatchObject({ reason: 'scheduling', startClock: 0 });
  expect(observe([pod], {})).not.toHaveProperty('startClock');
});

test('a pod that a suspension took away is not the end of a Job that was resumed', () => {
  const resumed = (status: string) => ({
    status: {
      conditions: [{ ...condition('Suspended', '', '', status), lastTransitionTime: '2026-01-01T00:00:40Z' }],
    },
  });
  const away = gone(seen({}, deleting));
  const launching = { kind: 'waiting', reason: 'launching' };
  // Between the two the spec says already that it is resumed, and its condition not yet.
  expect(observe([away], resumed('True'))).toMatchObject({ ...launching, startClock: 'stopped' });
  expect(observe([away], resumed('False'))).toMatchObject({ ...launching, startClock: 0 });
  const next = { uid: 'pod-2', creationTimestamp: '2026-01-01T00:00:40Z' };
  const running = mainState('Running', { running: { startedAt: '2026-01-01T00:00:42Z' } });
  expect(observe([away, seen(running, next)], resumed('False')).kind).toBe('running');
  expect(observe([away, gone(seen(running, { ...next, ...deleting }))], resumed('False'))).toMatchObject({
    kind: 'ended',
    exit: { failure: { reason: 'object_deleted' } },
  });
});

test('a Job that is suspended again tells whether its program had started', () => {
  const running = mainState('Running', { running: { startedAt: '2026-01-01T00:00:02Z' } });
  const started = { kind: 'waiting', reason: 'quota', ranSince: new Date('2026-01-01T00:00:02Z') };
  expect(observe([gone(seen(exited(143), deleting))], inQueue)).toMatchObject(started);
  expect(observe([gone(seen(running))], inQueue)).toMatchObject(started);
  expect(observe([gone(seen({}, deleting))], inQueue)).not.toHaveProperty('ranSince');
  // Its pod is still there: what it does until it is gone is not over yet.
  expect(observe([seen(running, deleting)], inQueue).kind).toBe('node_lost');
});

test('a suspended Job waits, also when its pod was taken away, unless we stopped it', () => {
  expect(observe([], suspended)).toMatchObject({ kind: 'waiting', reason: 'suspended' });
  expect(observe([gone(seen(exited(143), deleting))], suspended)).toMatchObject({
    kind: 'waiting',
    reason: 'suspended',
  });
  const cancelled = { kind: 'ended', exit: { failure: { reason: 'cancelled' } } };
  expect(observe([], { ...suspended, ...stopped })).toMatchObject(cancelled);
  const away = gone(seen(exited(143), deleting));
  expect(observe([away], { ...suspended, ...stopped })).toMatchObject(cancelled);
});

test('a pod that vanished is an end, judged by its last state', () => {
  const message = 'Somebody deleted the pod before its program had ended; it was not us.';
  const running = mainState('Running', { running: { startedAt: '2026-01-01T00:00:02Z' } });
  expect(observe([gone(seen(running))])).toMatchObject({
    kind: 'ended',
    exit: { exitCode: null, failure: { reason: 'object_deleted', message } },
  });
  expect(observe([gone(seen({ ...running, ...disrupted() }))])).toMatchObject({
    exit: { failure: { reason: 'disrupted' } },
  });
});

test('of two pods of one Job the older speaks, and nothing ends while either runs', () => {
  const older = seen(exited(0), { uid: 'pod-1' });
  const younger = (status: object): PodView =>
    seen(status, { uid: 'pod-2', name: 'second', creationTimestamp: '2026-01-01T00:00:05Z' });
  expect(observe([younger(mainState('Running', { running: {} })), older])).toMatchObject({
    kind: 'terminating',
  });
  expect(observe([younger(exited(3)), older])).toMatchObject({ kind: 'ended', exit: { exitCode: 0 } });
});

test('a pod of another Job of the same name is left out, by uid', () => {
  const foreign = seen(exited(0), { ownerReferences: [{ kind: 'Job', controller: true, uid: 'older-job' }] });
  expect(observe([foreign])).toMatchObject({ kind: 'waiting', reason: 'launching' });
});

test('without a Job: absent, unless its pod still lives', () => {
  expect(observeAttempt({ job: null, pods: [], event: null, podEvent: null }, now)).toEqual({
    kind: 'absent',
  });
  expect(observeAttempt({ job: null, pods: [seen(exited(0))], event: null, podEvent: null }, now)).toEqual({
    kind: 'absent',
  });
  const alive = seen(mainState('Running', { running: {} }));
  expect(observeAttempt({ job: null, pods: [alive], event: null, podEvent: null }, now)).toMatchObject({
    kind: 'terminating',
  });
});

test.each([
  ['no name', { name: undefined }],
  ['no uid', { uid: '' }],
  ['no labels', { labels: undefined }],
  ['a malformed job id', { labels: { 'job-orchestrator.io/job-id': '../../etc' } }],
  ['a time that is none', { creationTimestamp: 'yesterday' }],
])('an object with %s is poisoned', (_name, metadata) => {
  expect(() => decodePod(podObject({}, metadata))).toThrow(/metadata/);
});

test('an unknown phase, an exit code that is none, and statuses that are no list are poisoned', () => {
  expect(() => decodePod(podObject({ phase: 'Melting' }))).toThrow('status.phase "Melting"');
  expect(() => decodePod(podObject(exited(0, {}, { exitCode: 'zero' })))).toThrow('exitCode');
  expect(() => decodePod(podObject({ containerStatuses: 'main' }))).toThrow('is not a list');
  expect(hasEnded(decodePod(podObject({ phase: 'Unknown' })))).toBe(false);
});
