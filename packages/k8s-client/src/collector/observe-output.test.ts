import { writeReceipt, type Observation, type OutputReceipt } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { mergePod, observeAttempt } from '../observe.ts';
import { decodeJob, decodePod } from '../observe/decode.ts';
import type { PodView } from '../observe/views.ts';
import { exited, jobObject, mainState, podObject } from '../testing/objects.ts';
import { sha256 } from './report-output.ts';

const now = 60_000;
const sidecarSpec = { initContainers: [{ name: 'output-collector', restartPolicy: 'Always' }] };
const collector = (state: object): object => ({
  initContainerStatuses: [{ name: 'output-collector', imageID: 'sha256:c', state }],
});
const delivering = collector({ running: { startedAt: '2026-01-01T00:00:01Z' } });
const left = (receipt: OutputReceipt | string): object =>
  collector({
    terminated: {
      exitCode: typeof receipt === 'string' ? 137 : 0,
      reason: typeof receipt === 'string' ? 'OOMKilled' : 'Completed',
      message: typeof receipt === 'string' ? receipt : writeReceipt(receipt),
    },
  });
const pod = (status: object, metadata: object = {}, spec: object = sidecarSpec): PodView =>
  decodePod(podObject(status, metadata, { spec }));
const seen = (...sightings: readonly PodView[]): PodView =>
  sightings.reduce<PodView | undefined>((before, after) => mergePod(before, after, now), undefined)!;
const observe = (view: PodView, job: object = {}): Observation =>
  observeAttempt(
    { job: decodeJob(jobObject(undefined, { ...job })), pods: [view], event: null, podEvent: null },
    now,
  );
const outputOf = (view: PodView) => {
  const observation = observe(view);
  if (observation.kind !== 'ended') throw new Error(JSON.stringify(observation));
  return observation.exit.output;
};
const running = mainState('Running', { running: { startedAt: '2026-01-01T00:00:02Z' } }, delivering);
const ended = (rest: object, exitCode = 0): object => ({ ...exited(exitCode, rest), phase: 'Running' });
const text = Buffer.from('{"words":3}');
const receipt = {
  kind: 'left',
  bytes: text.length,
  digest: sha256(text),
  delivered: true,
  result: text,
  note: null,
} as const;

test('a running pod with a collector says from where an output may come, one without does not', () => {
  expect(observe(seen(pod(running)))).toMatchObject({ kind: 'running', instance: 'pod-uid' });
  expect(observe(seen(pod(running, {}, {})))).not.toHaveProperty('instance');
});

test('an output is pending while the collector runs, and ready with its small receipt', () => {
  const [first, then] = [pod(ended(delivering)), pod({ ...exited(0, left(receipt)) })];
  expect(outputOf(seen(pod(running), first))).toEqual({ kind: 'pending' });
  expect(observe(seen(first))).toMatchObject({ exit: { instance: 'pod-uid', exitCode: 0, failure: null } });
  expect(outputOf(seen(pod(running), first, then))).toEqual({
    kind: 'ready',
    result: { text: '{"words":3}', bytes: 11, digest: receipt.digest },
    files: [],
  });
});

test.each<[string, object, object]>([
  ['no file is none', left({ kind: 'none' }), { kind: 'none' }],
  [
    'a refused one is invalid',
    left({ kind: 'refused', message: 'too large' }),
    { kind: 'invalid', message: 'too large' },
  ],
  ['a large one is left', left({ ...receipt, bytes: 9_000, result: null }), { kind: 'left' }],
  [
    'a small one that is not JSON is invalid',
    left({ ...receipt, bytes: 1, digest: sha256(Buffer.from('x')), result: Buffer.from('x') }),
    { kind: 'invalid' },
  ],
  [
    'a receipt that contradicts itself is left',
    left({ ...receipt, digest: 'a'.repeat(64) }),
    { kind: 'left' },
  ],
  ['a collector that was killed may have left it', left(''), { kind: 'left' }],
])('%s', (_, status, expected) => {
  expect(outputOf(seen(pod(exited(0, status))))).toMatchObject(expected);
});

test('a collector that never told anything, in a pod that is over or gone, may have left it', () => {
  expect(outputOf(seen(pod(exited(0, delivering))))).toEqual({ kind: 'left' });
  expect(outputOf({ ...seen(pod(ended(delivering))), gone: true })).toEqual({ kind: 'left' });
});

test('a program that failed, was evicted or removed has no output, whatever its collector says', () => {
  const disruption = {
    conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }],
  };
  expect(outputOf(seen(pod(exited(3, left(receipt)))))).toEqual({ kind: 'none' });
  for (const view of [
    seen(pod(running), pod(exited(0, { ...left(receipt), ...disruption }))),
    seen(pod(exited(0, left(receipt)), { deletionTimestamp: '2026-01-01T00:00:30Z' })),
  ]) {
    expect(outputOf(view)).toEqual({ kind: 'none' });
    expect(observe(view)).toMatchObject({ exit: { failure: { reason: 'suspect_success' } } });
  }
});

test('what becomes of the pod after its program ended with 0 does not touch its output', () => {
  const drained = pod(exited(0, left(receipt)), { deletionTimestamp: '2026-01-01T00:00:30Z' });
  expect(outputOf(seen(pod(ended(delivering)), drained))).toMatchObject({ kind: 'ready' });
});

test('a server that knows no native sidecars is told at once, not at the start deadline', () => {
  const plain = { initContainers: [{ name: 'output-collector' }] };
  const stuck = mainState('Pending', { waiting: { reason: 'PodInitializing' } }, delivering);
  expect(observe(seen(pod(stuck, {}, plain)))).toMatchObject({
    kind: 'refused',
    graceMs: 0,
    failure: { reason: 'launch_refused', message: expect.stringContaining('1.29') as string },
  });
});

test('trouble with the image of the collector is told as such', () => {
  const waiting = { waiting: { reason: 'ErrImagePull', message: 'not found' } };
  const stuck = mainState('Pending', { waiting: { reason: 'PodInitializing' } }, collector(waiting));
  expect(observe(seen(pod(stuck)))).toMatchObject({
    kind: 'refused',
    forMs: 0,
    failure: {
      reason: 'image_not_found',
      message: 'output collector: The image cannot be pulled: not found',
    },
  });
});
