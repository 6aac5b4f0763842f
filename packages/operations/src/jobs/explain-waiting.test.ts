import {
  defaultDeadlines,
  defaultRetry,
  incarnationId,
  newJobId,
  type ExecutorRecord,
  type JobRecord,
  type Topic,
} from '@job-orchestrator/types';
import { describe, expect, test } from 'vitest';
import { explainWaiting } from './explain-waiting.ts';

const at = new Date('2026-01-31T08:00:00Z');

const job = (fields: Partial<JobRecord>): JobRecord => ({
  id: newJobId(),
  project: 'default',
  topic: 'etl',
  state: 'pending',
  priority: 0,
  spec: {
    name: null,
    image: 'busybox',
    imageReference: 'busybox',
    command: null,
    args: null,
    env: {},
    inputs: null,
    output: false,
    resources: null,
    runAsUser: null,
    retry: defaultRetry,
    deadlines: defaultDeadlines,
    labels: {},
  },
  createdAt: at,
  createdBy: 'tester',
  runAt: at,
  startedAt: null,
  finishedAt: null,
  attemptFinishedAt: null,
  cancelRequestedAt: null,
  attempt: 0,
  attemptState: null,
  waiting: null,
  retriesUsed: { user: 0, infrastructure: 0, output: 0, unknown: 0, outOfMemory: 0 },
  exitCode: null,
  failure: null,
  output: null,
  retryOf: null,
  rootJobId: null,
  ...fields,
});

const topic = (fields: Partial<Topic>): Topic => ({
  project: 'default',
  name: 'etl',
  paused: false,
  limit: null,
  scheduled: 0,
  pending: 1,
  claimed: 0,
  running: 0,
  oldestPendingAt: at,
  ...fields,
});

const executor = (fields: Partial<ExecutorRecord>): ExecutorRecord => ({
  incarnation: incarnationId(newJobId()),
  name: 'one',
  runtimeKind: 'process',
  runtimeKey: 'here',
  topics: null,
  maxRunning: 4,
  version: '0.1.0',
  startedAt: at,
  beatAt: at,
  live: true,
  draining: false,
  setAside: [],
  running: 0,
  ...fields,
});

describe('explainWaiting', () => {
  test.each(['completed', 'failed', 'cancelled', 'running'] as const)(
    'says nothing of a job that is %s',
    (state) => {
      expect(explainWaiting(job({ state }), topic({}), [])).toBeNull();
    },
  );

  test.each([
    [
      'scheduled for a time',
      job({ state: 'scheduled' }),
      topic({}),
      [executor({})],
      'scheduled',
      '2026-01-31T08:00:00',
    ],
    [
      'backing off',
      job({ state: 'scheduled', attempt: 2 }),
      topic({}),
      [executor({})],
      'backing_off',
      'attempt 2',
    ],
    ['in a paused topic', job({}), topic({ paused: true }), [executor({})], 'topic_paused', 'etl is paused'],
    [
      'in a full topic',
      job({}),
      topic({ limit: 5, claimed: 1, running: 4 }),
      [executor({})],
      'topic_limit',
      '5 of 5',
    ],
    [
      'without any executor',
      job({}),
      topic({}),
      [executor({ live: false })],
      'no_executor',
      'job-orchestrator executor',
    ],
    [
      'without one for its topic',
      job({}),
      topic({}),
      [executor({ topics: ['web'] })],
      'no_executor',
      'EXECUTOR_TOPICS=etl',
    ],
    ['before a draining executor', job({}), topic({}), [executor({ draining: true })], 'no_executor', 'etl'],
    [
      'before full executors',
      job({}),
      topic({}),
      [executor({ running: 4 })],
      'queued',
      'EXECUTOR_MAX_RUNNING',
    ],
    ['before a free executor', job({}), null, [executor({ running: 3 })], 'queued', 'moments'],
    ['while it is started', job({ state: 'claimed' }), topic({}), [], 'launching', 'starting'],
  ] as const)('explains a job %s', (_name, record, itsTopic, executors, reason, words) => {
    const waiting = explainWaiting(record, itsTopic, executors);
    expect(waiting?.reason).toBe(reason);
    expect(waiting?.message).toContain(words);
  });

  test('says of a cancelled job whose runtime does not answer that it ends once it does', () => {
    const waiting = { reason: 'runtime_unreachable', message: 'Kubernetes has not said.' } as const;
    const asked = job({ state: 'claimed', waiting, cancelRequestedAt: new Date() });
    expect(explainWaiting(asked, topic({}), [])).toEqual({
      reason: 'runtime_unreachable',
      message: 'Kubernetes has not said. The cancel is accepted: it ends cancelled once the runtime answers.',
    });
    expect(explainWaiting({ ...asked, cancelRequestedAt: null }, topic({}), [])).toEqual(waiting);
  });

  test('repeats what the runtime says of a claimed job', () => {
    const waiting = {
      reason: 'unschedulable',
      message: '0/3 nodes are available: 3 Insufficient memory.',
    } as const;
    expect(explainWaiting(job({ state: 'claimed', waiting }), topic({}), [])).toEqual(waiting);
  });
});
