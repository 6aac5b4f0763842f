import type { Clock, Observation } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { observeAttempt } from '../observe.ts';
import { createAttemptStore, type AttemptStore } from '../runtime/attempt-store.ts';
import { exampleLaunch } from '../testing/launches.ts';
import { jobObject, mainState, podObject } from '../testing/objects.ts';
import { decodeEvent, decodeJob, decodePod } from './decode.ts';

const { attemptId } = exampleLaunch();

/** Whose wall clock jumps about by hours: nothing may follow from it. */
const createJumpingClock = (): Clock & { pass(ms: number): void } => {
  let [monotonicMs, asked] = [5_000, 0];
  return {
    now: () => new Date(Date.UTC(2030, 0, 1, (asked += 7) % 24)),
    monotonicMs: () => monotonicMs,
    setTimer: () => () => undefined,
    pass: (ms) => void (monotonicMs += ms),
  };
};

const clock = createJumpingClock();
const opened = (): AttemptStore => {
  const store = createAttemptStore(clock, () => undefined);
  store.putJob(decodeJob(jobObject()));
  return store;
};
const seenIn = (store: AttemptStore): Observation =>
  observeAttempt(store.view(attemptId), clock.monotonicMs());

// Kubernetes' clock says 2026 here: years behind ours, or 10 minutes, it is the same.
const deleted = (resourceVersion: string): object =>
  podObject(mainState('Running', { running: { startedAt: '2026-01-01T00:00:02Z' } }), {
    deletionTimestamp: '2026-01-01T00:00:30Z',
    deletionGracePeriodSeconds: 10,
    resourceVersion,
  });

test('a node is lost by the time that we waited for it, whatever the clock of the server says', () => {
  const store = opened();
  store.putPod(decodePod(deleted('2')));
  expect(seenIn(store)).toMatchObject({ kind: 'node_lost', forMs: -10_000 });
  clock.pass(30_000);
  store.putPod(decodePod(deleted('3')));
  clock.pass(40_000);
  expect(seenIn(store)).toMatchObject({ kind: 'node_lost', forMs: 60_000 });
});

test('a grace runs by the time that we saw the trouble, whatever any clock says', () => {
  const store = opened();
  const trouble = { waiting: { reason: 'ErrImagePull', message: 'not found' } };
  store.putPod(decodePod(podObject(mainState('Pending', trouble))));
  expect(seenIn(store)).toMatchObject({ kind: 'refused', forMs: 0, graceMs: 120_000 });
  clock.pass(119_000);
  expect(seenIn(store)).toMatchObject({ kind: 'refused', forMs: 119_000 });
});

test('warnings of one trouble count from the first, though each try has its own; another begins anew', () => {
  const store = opened();
  const warn = (message: string): void => {
    const warning = decodeEvent({
      type: 'Warning',
      reason: 'FailedCreate',
      message: `Error creating: pods "jo-x-${clock.monotonicMs()}" is forbidden: ${message}`,
      involvedObject: { uid: 'job-uid', name: 'jo-x' },
      firstTimestamp: '2026-01-01T00:00:05Z',
    });
    if (warning !== null) store.putEvent(warning);
  };
  warn('exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0');
  clock.pass(3_600_000);
  warn('violates PodSecurity "restricted:latest"');
  expect(seenIn(store)).toMatchObject({ kind: 'refused', forMs: 0, graceMs: 60_000 });
  clock.pass(40_000);
  warn('violates PodSecurity "restricted:latest"');
  expect(seenIn(store)).toMatchObject({ kind: 'refused', forMs: 40_000 });
});

const jobThatIs = (suspended: boolean, resourceVersion: string) =>
  decodeJob(
    jobObject(exampleLaunch(), {
      metadata: { resourceVersion },
      spec: { suspend: suspended },
      status: {
        conditions: [
          {
            type: 'Suspended',
            status: suspended ? 'True' : 'False',
            lastTransitionTime: '2026-01-01T00:00:40Z',
          },
        ],
      },
    }),
  );

test('the time to start counts from when we saw a Job let go, each time anew', () => {
  const store = createAttemptStore(clock, () => undefined);
  let version = 1;
  const show = (suspended: boolean): void => store.putJob(jobThatIs(suspended, String((version += 1))));
  for (const _ of ['let go once', 'let go again']) {
    show(true);
    clock.pass(3_600_000);
    expect(seenIn(store)).toMatchObject({ startClock: 'stopped' });
    show(false);
    expect(seenIn(store)).toMatchObject({ startClock: 0 });
    clock.pass(20_000);
    show(false);
    expect(seenIn(store)).toMatchObject({ startClock: 20_000 });
  }
});

test('where another executor saw a Job let go, the time of the server has to do, but never as one to come', () => {
  const told = new Date('2026-01-01T00:00:40Z').getTime();
  for (const [now, startClock] of [
    [told + 5_000, 5_000],
    [told - 600_000, 0],
  ] as const) {
    const store = createAttemptStore({ ...clock, now: () => new Date(now) }, () => undefined);
    store.putJob(jobThatIs(false, '2'));
    expect(seenIn(store)).toMatchObject({ startClock });
  }
});
