import { expect, test } from 'vitest';
import { failure, type ExitReport, type FailureReason, type RetryPolicy } from '@job-orchestrator/types';
import { buildAttempt, epoch } from '../testing/arbitraries.ts';
import { buildSpec } from '../testing/build-launch.ts';
import { conclude } from './conclude.ts';

const exit = (exitCode: number): ExitReport => ({
  exitCode,
  startedAt: epoch,
  finishedAt: epoch,
  failure: null,
  output: { kind: 'none' },
  node: null,
  imageDigest: null,
});

const decide = (
  retry: Partial<RetryPolicy>,
  reason: FailureReason,
  exitCode = 1,
  used: { user?: number; outOfMemory?: number } = {},
) => {
  const spec = buildSpec({
    retry: { maxRetries: 3, infrastructureRetries: 3, ...retry },
    resources: { limits: { memory: '1Gi' } },
  });
  const retriesUsed = { user: 0, infrastructure: 0, output: 0, unknown: 0, outOfMemory: 0, ...used };
  return conclude(buildAttempt({ spec, retriesUsed }), failure(reason, 'x'), exit(exitCode), 0.5);
};

test('with `on` only the exit codes and categories that it names are retried on the own budget', () => {
  const on = { exitCodes: [75], categories: ['timeout'] } as const;
  expect(decide({ on }, 'exit_code', 75).kind).toBe('retry');
  expect(decide({ on }, 'exit_code', 1).kind).toBe('fail');
  expect(decide({ on }, 'run_deadline', 143).kind).toBe('retry');
  expect(decide({ on }, 'oom_killed', 137).kind).toBe('fail');
});

test('`on` leaves the budget of the infrastructure alone', () => {
  expect(decide({ on: { exitCodes: [75] } }, 'disrupted', 143)).toMatchObject({
    kind: 'retry',
    chargedTo: 'infrastructure',
  });
});

test('`never` wins over `on` and over every budget', () => {
  const never = { exitCodes: [2], categories: ['infrastructure'] } as const;
  expect(decide({ never, on: { exitCodes: [2] } }, 'exit_code', 2).kind).toBe('fail');
  expect(decide({ never }, 'exit_code', 3).kind).toBe('retry');
  expect(decide({ never }, 'evicted', 137)).toMatchObject({ kind: 'fail', failure: { reason: 'evicted' } });
});

test('a backoff of its own counts for its own budget only', () => {
  const backoff = { baseSeconds: 100, capSeconds: 150 };
  expect(decide({ backoff }, 'exit_code')).toMatchObject({ delayMs: 50_000 });
  expect(decide({ backoff }, 'exit_code', 1, { user: 2 })).toMatchObject({ delayMs: 75_000 });
  expect(decide({ backoff }, 'evicted')).toMatchObject({ delayMs: 2_500 });
});

test('out of memory is tried once more, and as long as its memory grows where the job says so', () => {
  expect(decide({}, 'oom_killed', 137).kind).toBe('retry');
  expect(decide({}, 'oom_killed', 137, { user: 1, outOfMemory: 1 }).kind).toBe('fail');
  const memory = { factor: 2, cap: '3Gi' };
  expect(decide({ memory }, 'oom_killed', 137, { user: 1, outOfMemory: 1 }).kind).toBe('retry');
  expect(decide({ memory }, 'oom_killed', 137, { user: 2, outOfMemory: 2 }).kind).toBe('fail');
});
