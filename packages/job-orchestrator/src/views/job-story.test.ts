import {
  failure,
  type AttemptDto,
  type EventDto,
  type JobDetail,
  type OutputEntryDto,
  type WaitingReason,
} from '@job-orchestrator/types';
import { createColors } from 'picocolors';
import { describe, expect, test } from 'vitest';
import { renderTable } from '../output/table.ts';
import { jobStory } from './job-story.ts';
import { jobsView } from './job-views.ts';

const id = '01890000-0000-7000-8000-0000deadbeef';
const now = new Date('2026-01-01T00:10:00.000Z');
const colours = createColors(false);

const job: JobDetail = {
  id,
  project: 'default',
  topic: 'etl',
  state: 'pending',
  priority: 0,
  createdAt: '2026-01-01T00:00:00.000Z',
  createdBy: 'ann',
  startedAt: null,
  finishedAt: null,
  attemptFinishedAt: null,
  attempt: 0,
  exitCode: null,
  spec: {
    name: 'load',
    image: 'hello',
    imageReference: 'hello:1',
    command: ['sh', '-c', 'exit 1'],
    args: null,
    env: {},
    inputs: null,
    output: false,
    resources: null,
    runAsUser: null,
    retry: { maxRetries: 0, infrastructureRetries: 5 },
    deadlines: { queueSeconds: 1, startSeconds: 1, runSeconds: 1, finalizeSeconds: 1 },
    labels: {},
  },
  runAt: '2026-01-01T00:00:00.000Z',
  cancelRequestedAt: null,
  attemptState: null,
  retriesUsed: { user: 0, infrastructure: 0, output: 0, unknown: 0, outOfMemory: 0 },
  failure: null,
  output: null,
  retryOf: null,
  rootJobId: null,
  waitingFor: null,
  attempts: [],
  notes: [],
};

const attempt: AttemptDto = {
  id: '01890000-0000-7000-8000-000000000001',
  jobId: id,
  number: 1,
  state: 'failed',
  runtimeKey: 'here',
  object: null,
  claimedAt: '2026-01-01T00:00:01.000Z',
  launchedAt: '2026-01-01T00:00:01.000Z',
  startedAt: '2026-01-01T00:00:02.000Z',
  finishedAt: '2026-01-01T00:00:05.000Z',
  closedAt: '2026-01-01T00:00:05.000Z',
  exitCode: 1,
  failure: failure('exit_code', 'the program ended with exit code 1'),
  node: null,
  imageDigest: null,
  logBytes: 10,
  resources: null,
};

const event: EventDto = {
  jobId: id,
  seq: 1,
  at: '2026-01-01T00:00:00.000Z',
  kind: 'submitted',
  attempt: null,
  actor: 'ann',
  reason: 'submitted by the CLI',
  data: {},
};

const story = (
  changes: Partial<JobDetail>,
  columns = Infinity,
  outputs: readonly OutputEntryDto[] = [],
): string => jobStory({ ...job, ...changes }, [event], outputs, now, columns, colours);

describe('the story of a job', () => {
  test('that waits says for what, and what helps', () => {
    const text = story({ waitingFor: { reason: 'topic_paused', message: 'the topic etl is paused' } });
    expect(text).toContain('Job deadbeef (load): pending');
    expect(text).toMatch(/Story +It waits for its first attempt\./);
    expect(text).toMatch(/Waits for +the topic etl is paused/);
    expect(text).toMatch(/What to do +job-orchestrator topic resume etl/);
  });

  test('tells by its digest which image ran, and in which attempt where that changed', () => {
    const one = { ...attempt, imageDigest: 'registry.example/load@sha256:1111' };
    const two = { ...attempt, number: 2, imageDigest: 'registry.example/load@sha256:2222' };
    const three = { ...attempt, number: 3, imageDigest: null };
    expect(story({ attempts: [] })).not.toContain('Image ran');
    expect(story({ attempts: [one, three] })).toMatch(/Image ran +registry.example\/load@sha256:1111\n/);
    expect(story({ attempts: [one, { ...one, number: 2 }, { ...two, number: 3 }] })).toMatch(
      /Image ran +try 1, 2: registry.example\/load@sha256:1111; try 3: registry.example\/load@sha256:2222\n/,
    );
  });

  test('an attempt whose end nobody saw ran until it was closed, not until now', () => {
    const lost = {
      ...attempt,
      state: 'lost',
      startedAt: '2026-01-01T00:00:02.000Z',
      finishedAt: null,
    } as const;
    expect(story({ attempts: [lost] })).toMatch(/lost +\S+ +3\.0s /);
  });

  test('tells by which names its runtime knows it, and in which attempt where the node changed', () => {
    const cluster = '0190a000-0000-7000-8000-0000c0ffee02/jobs';
    const open = { ...attempt, closedAt: null, node: 'worker-1', runtimeKey: cluster };
    const launched = { ...open, object: { uid: 'u', name: 'jo-1-2-1' } };
    expect(story({ attempts: [launched] })).toMatch(/Runs as +Job jo-1-2-1 in namespace jobs on worker-1\n/);
    expect(story({ attempts: [{ ...open, node: null }] })).toMatch(/Runs as +a Job in namespace jobs\n/);
    const before = { ...launched, closedAt: attempt.closedAt, node: 'worker-2' };
    const moved = story({ attempts: [before, { ...launched, number: 2 }] });
    expect(moved).toMatch(/1 +failed .* worker-2 .*\n2 +failed .* worker-1 /);
    expect(story({ attempts: [before] })).not.toContain('NODE');
    expect(story({ attempts: [{ ...attempt, node: 'host' }] })).toMatch(/Ran as +a process on host\n/);
    expect(story({ attempts: [attempt] })).not.toContain('Ran as');
  });

  test.each([
    ['unschedulable', /cancel deadbeef, and submit it with smaller resources or another profile/],
    ['image_problem', /Check the reference .*image add/],
    ['configuration_problem', /Make or mend what the message names/],
    ['quota', /ask for more quota/],
    ['topic_limit', /topic limit etl NUMBER/],
    ['runtime_unreachable', /doctor/],
  ] as const)('that waits for %s says what to do', (reason, words) => {
    const text = story({ state: 'claimed', attempt: 1, waitingFor: { reason, message: 'why' } });
    expect(text).toMatch(/Waits for +why/);
    expect(text).toMatch(words);
  });

  test('that was claimed says how long it may wait, and not where a queue manager had stopped that clock', () => {
    const waiting = { ...attempt, state: 'waiting', startedAt: null, closedAt: null } as const;
    const told = (reason: WaitingReason, events: readonly EventDto[] = []): string => {
      const held = {
        state: 'claimed',
        attempt: 1,
        attempts: [waiting],
        waitingFor: { reason, message: 'why' },
      } as const;
      return jobStory({ ...job, ...held }, events, [], now, Infinity, colours);
    };
    expect(told('unschedulable')).toMatch(
      /Until +2026-01-01 00:00:02Z at the latest; then it fails \(deadlines\.startSeconds: 1 s\)/,
    );
    expect(told('suspended')).toContain('deadlines.queueSeconds');
    expect(told('pulling_image', [{ ...event, attempt: 1, data: { reason: 'suspended' } }])).not.toContain(
      'Until',
    );
    expect(told('runtime_unreachable')).not.toContain('Until');
    expect(told('image_problem')).not.toContain('Until');
  });

  test('whose waiting passes by itself asks nobody to do anything', () => {
    expect(story({ waitingFor: { reason: 'pulling_image', message: 'pulls' } })).not.toContain('What to do');
  });

  test('that left files names them, ten thousand of them in one line', () => {
    const file = (name: string) => ({ name, bytes: 3, contentType: 'text/plain', digest: 'd' });
    const done = { state: 'completed', output: { value: 1, bytes: 1, digest: 'd' } } as const;
    expect(story(done, Infinity, [file('a.csv'), file('result.json')])).toMatch(
      /Files +a\.csv \(3 bytes\); job-orchestrator outputs deadbeef/,
    );
    expect(story(done, Infinity, [file('result.json')])).not.toContain('Files');
    const many = Array.from({ length: 10_000 }, (_, index) => file(`f${index}`));
    expect(story(done, Infinity, many)).toContain('f7 (3 bytes) and 9992 more');
  });

  test('that ended within the second in which it began ran less than one, where times are whole seconds', () => {
    const at = '2026-01-01T00:00:02.000Z';
    const ran = { ...attempt, startedAt: at, finishedAt: at };
    expect(story({ state: 'failed', attempt: 1, attempts: [ran] })).toMatch(/1 +failed +\S+ +<1s/);
  });

  test('whose attempt was claimed does not wait for its next one', () => {
    expect(story({ state: 'claimed', attempt: 1 })).toMatch(
      /Story +Its attempt 1 was claimed; its program does not run yet\./,
    );
  });

  test('that is being cancelled while its runtime is silent says so', () => {
    const cancelRequestedAt = '2026-01-01T00:01:00.000Z';
    const waitingFor = { reason: 'runtime_unreachable', message: 'Kubernetes has not said.' } as const;
    const text = story({ state: 'claimed', attempt: 1, cancelRequestedAt, waitingFor });
    expect(text).toMatch(/Story +It is being cancelled; its runtime has not answered yet\./);
    expect(text).toMatch(/Waits for +Kubernetes has not said\./);
    expect(story({ state: 'running', cancelRequestedAt })).toContain('its program is asked to end');
  });

  test('that failed says why, how often it was tried, and what to do', () => {
    const text = story({
      state: 'failed',
      attempt: 1,
      attempts: [attempt],
      failure: attempt.failure,
      startedAt: attempt.startedAt,
      finishedAt: attempt.finishedAt,
    });
    expect(text).toMatch(/Story +It failed for good after 1 attempt\./);
    expect(text).toMatch(/Failed as +the program ended with exit code 1 \(exit_code, user_error\)/);
    expect(text).toMatch(/What to do +Read the log.*job-orchestrator retry deadbeef/);
    expect(text).toMatch(/1 +failed +1\.0s +3\.0s +the program ended with exit code 1/);
  });

  test('tells what its budgets have paid for', () => {
    const used = { user: 1, infrastructure: 2, output: 1, unknown: 0, outOfMemory: 0 };
    const spec = { ...job.spec, retry: { maxRetries: 3, infrastructureRetries: 5 } };
    expect(story({ spec, retriesUsed: used })).toMatch(
      /Retries +used 1 of 3 \(maxRetries\), 2 of 5 \(infrastructureRetries\), 1 for its output\n/,
    );
    expect(story({ spec })).toMatch(/Retries +used 0 of 3 \(maxRetries\)\n/);
    expect(story({})).not.toContain('Retries');
  });

  test('that did not start in time says what it waited for last', () => {
    const waited = { ...event, kind: 'waiting', attempt: 1, reason: 'No node can take it.' } as const;
    const failed = { state: 'failed', attempt: 1, failure: failure('start_deadline', 'passed') } as const;
    const text = jobStory({ ...job, ...failed }, [event, waited], [], now, Infinity, colours);
    expect(text).toMatch(/Waited for +No node can take it\.\n/);
    expect(story({ ...failed, failure: attempt.failure })).not.toContain('Waited for');
  });

  test('whose own rules kept it from another try says so', () => {
    const retry = { maxRetries: 3, infrastructureRetries: 5, on: { exitCodes: [75] } };
    const spec = { ...job.spec, retry };
    const failed = { state: 'failed', attempt: 1, failure: attempt.failure, spec } as const;
    expect(story(failed)).toMatch(/used 0 of 3 \(maxRetries\); retry\.on or retry\.never keeps this failure/);
    const spent = { ...job.retriesUsed, user: 3 };
    expect(story({ ...failed, retriesUsed: spent })).not.toContain('retry.never');
  });

  test('that will be tried again does not say that it failed for good', () => {
    const text = story({
      state: 'scheduled',
      attempt: 1,
      attempts: [attempt],
      failure: attempt.failure,
      waitingFor: { reason: 'backing_off', message: 'tries again in 7 s' },
    });
    expect(text).toMatch(/Story +It waits for its next attempt, after 1 attempt\./);
    expect(text).toMatch(/Last failure +the program ended/);
    expect(text).not.toContain('What to do');
  });

  test('that completed shows its output, shortened where it is long', () => {
    const value = { text: 'x'.repeat(1_000) };
    const text = story({ state: 'completed', attempt: 1, output: { value, bytes: 1_011, digest: 'd' } });
    expect(text).toMatch(/Output +\{"text":"xxx.*… \(1011 bytes; all of it: -o json\)/);
  });

  test('carries no foreign control sequence', () => {
    const waitingFor = { reason: 'queued', message: 'a\u001b[2Jb\nc' } as const;
    expect(story({ waitingFor })).toContain('ab c');
  });

  test.each([40, 60, 80])('fits into %i columns', (columns) => {
    const text = story({ state: 'failed', attempts: [attempt], failure: attempt.failure }, columns);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
  });
});

test('a list of jobs keeps id and state on a narrow terminal', () => {
  const summary = { ...job, name: 'a-rather-long-name-for-a-job', image: 'hello', reason: null };
  const view = jobsView(now, colours);
  expect(renderTable(view.columns, [summary], Infinity)).toContain('10m00s');
  for (const line of renderTable(view.columns, [summary], 40).trimEnd().split('\n'))
    expect(line.length).toBeLessThanOrEqual(40);
  expect(renderTable(view.columns, [summary], 40)).toMatch(/deadbeef .*pending/);
});
