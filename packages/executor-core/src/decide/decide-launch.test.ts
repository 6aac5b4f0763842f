import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { attemptId, failure, type EnsureOutcome } from '@job-orchestrator/types';
import {
  buildAttempt,
  counterexampleOf,
  epoch,
  someAttempt,
  someFailure,
  someTime,
} from '../testing/arbitraries.ts';
import { decideLaunch, withholdLaunch, type LaunchInput } from './decide-launch.ts';

const object = { uid: 'u', name: 'n' };
const someInput: fc.Arbitrary<LaunchInput> = fc.record({
  attempt: someAttempt,
  certain: fc.boolean(),
  tries: fc.nat(100),
  unreachable: fc.boolean(),
  now: someTime,
  jitter: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});
const someOutcome: fc.Arbitrary<EnsureOutcome> = fc.oneof(
  fc.constant<EnsureOutcome>({ kind: 'created', object }),
  fc.constant<EnsureOutcome>({ kind: 'exists', object }),
  fc.constant<EnsureOutcome>({ kind: 'terminating', object, message: 'goes' }),
  someFailure.map((each): EnsureOutcome => ({ kind: 'refused', failure: each })),
  fc
    .record({ retryAfterMs: fc.nat(60_000), reason: fc.constantFrom('quota', 'runtime_unreachable') })
    .map((each): EnsureOutcome => ({ kind: 'busy', message: 'busy', ...each })),
  fc.constant<EnsureOutcome>({ kind: 'withheld' }),
  fc.constant<EnsureOutcome>({ kind: 'taken_over', object, from: attemptId(randomUUID()) }),
  fc.nat(9).map((by): EnsureOutcome => ({ kind: 'superseded', by })),
  fc.constant<EnsureOutcome>({ kind: 'unresolved', message: 'lost' }),
);
const counterexample = (holds: (input: LaunchInput, outcome: EnsureOutcome) => boolean): string | null =>
  counterexampleOf(fc.property(someInput, someOutcome, holds));

const input = (overrides: Partial<LaunchInput> = {}): LaunchInput => ({
  attempt: buildAttempt({ state: 'launching', launchedAt: null, startedAt: null, object: null }),
  certain: true,
  tries: 0,
  unreachable: false,
  now: epoch,
  jitter: 0.5,
  ...overrides,
});

test('no next attempt is opened while a create may still be under way', () => {
  expect(
    counterexample(
      (each, outcome) =>
        (each.certain && outcome.kind !== 'unresolved') || decideLaunch(each, outcome).kind !== 'retry',
    ),
  ).toBeNull();
});

test('what the runtime confirmed is recorded, also on its way out or of a cancelled job: never forgotten', () => {
  expect(
    counterexample(
      (each, outcome) =>
        !['created', 'exists', 'taken_over', 'terminating'].includes(outcome.kind) ||
        decideLaunch(each, outcome).kind === 'launched',
    ),
  ).toBeNull();
});

test('asking again waits between 125 ms and the longer of 30 s and what the runtime asked for', () => {
  expect(
    counterexample((each, outcome) => {
      const decision = decideLaunch(each, outcome);
      const asked = outcome.kind === 'busy' ? outcome.retryAfterMs * 1.25 : 0;
      return (
        decision.kind !== 'again' || (decision.delayMs >= 125 && decision.delayMs <= Math.max(30_000, asked))
      );
    }),
  ).toBeNull();
});

test('doubt stays until the object is confirmed', () => {
  expect(
    counterexample((each, outcome) => {
      const decision = decideLaunch({ ...each, certain: false }, outcome);
      return decision.kind !== 'again' || !decision.certain;
    }),
  ).toBeNull();
});

test('a create that was withheld changes nothing: it stays certain, and is asked for again', () => {
  expect(decideLaunch(input(), { kind: 'withheld' })).toMatchObject({
    kind: 'again',
    certain: true,
    progress: null,
  });
  expect(decideLaunch(input({ certain: false }), { kind: 'withheld' })).toMatchObject({ certain: false });
});

test('what was taken over is recorded as not created by us, and why', () => {
  const from = attemptId('0190a000-2222-4000-8000-000000000001');
  expect(decideLaunch(input(), { kind: 'taken_over', object, from })).toMatchObject({
    kind: 'launched',
    created: false,
    reason: expect.stringContaining(from) as string,
  });
});

test('a number that is past goes back unspent; a create in doubt is waited for first, though not for ever', () => {
  const superseded: EnsureOutcome = { kind: 'superseded', by: 2 };
  expect(decideLaunch(input(), superseded)).toMatchObject({ kind: 'release' });
  expect(decideLaunch(input({ certain: false, tries: 13 }), superseded)).toMatchObject({ kind: 'again' });
  expect(decideLaunch(input({ certain: false, tries: 14 }), superseded)).toMatchObject({ kind: 'release' });
  const attempt = { ...input().attempt, cancelRequestedAt: epoch };
  expect(decideLaunch(input({ attempt }), superseded)).toMatchObject({ kind: 'cancel' });
});

test('a busy runtime costs no retry, and the start deadline ends the wait', () => {
  const busy: EnsureOutcome = { kind: 'busy', reason: 'quota', retryAfterMs: 1_000, message: 'quota' };
  expect(decideLaunch(input(), busy)).toMatchObject({ kind: 'again', certain: true, delayMs: 1_125 });
  const late = new Date(epoch.getTime() + 3_600_000);
  expect(decideLaunch(input({ now: late }), busy)).toMatchObject({
    kind: 'fail',
    failure: { reason: 'start_deadline' },
  });
});

test('a busy runtime does not keep a launch in doubt from its cancel, nor from a deadline that is the end', () => {
  const busy: EnsureOutcome = { kind: 'busy', reason: 'quota', retryAfterMs: 1_000, message: 'quota' };
  const now = new Date(epoch.getTime() + 3_600_000);
  const { attempt } = input();
  const cancelled = { ...attempt, cancelRequestedAt: epoch };
  expect(decideLaunch(input({ certain: false, attempt: cancelled }), busy).kind).toBe('cancel');
  expect(decideLaunch(input({ certain: false }), busy)).toMatchObject({ kind: 'again', certain: false });
  expect(decideLaunch(input({ certain: false, now }), busy)).toMatchObject({
    kind: 'fail',
    failure: { reason: 'start_deadline' },
  });
  const spec = { ...attempt.spec, retry: { maxRetries: 1, infrastructureRetries: 0 } };
  const retried = { ...attempt, spec };
  expect(decideLaunch(input({ attempt: retried, now }), busy).kind).toBe('retry');
  // The next attempt must not begin while a create of this one may still be under way.
  expect(decideLaunch(input({ attempt: retried, certain: false, now }), busy).kind).toBe('again');
});

test('an outage of the runtime fails no job: past its start deadline it goes back to its queue', () => {
  const now = new Date(epoch.getTime() + 3_600_000);
  const away = { kind: 'busy', reason: 'runtime_unreachable', retryAfterMs: 1_000, message: 'away' } as const;
  expect(decideLaunch(input(), away)).toMatchObject({ kind: 'again', certain: true });
  expect(decideLaunch(input({ now }), away)).toMatchObject({ kind: 'release' });
  expect(withholdLaunch(input({ now, unreachable: true }))).toMatchObject({ kind: 'release' });
  // What may still appear is waited for.
  expect(decideLaunch(input({ now, certain: false }), away)).toMatchObject({ kind: 'again', certain: false });
  const attempt = { ...input().attempt, cancelRequestedAt: epoch };
  expect(decideLaunch(input({ attempt }), away).kind).toBe('cancel');
});

test('no launch in doubt is released, but for a number that is past', () => {
  expect(
    counterexample(
      (each, outcome) =>
        each.certain || outcome.kind === 'superseded' || decideLaunch(each, outcome).kind !== 'release',
    ),
  ).toBeNull();
});

test('a launch that was never sent is withheld once its job is cancelled', () => {
  const attempt = buildAttempt({ launchedAt: null, startedAt: null, cancelRequestedAt: epoch });
  expect(withholdLaunch(input({ attempt }))).toEqual({ kind: 'cancel', exit: null });
  expect(withholdLaunch(input({ attempt, certain: false }))).toBeNull();
  expect(withholdLaunch(input())).toBeNull();
});

test('a refusal that another try may mend opens the next attempt only when no create is in doubt', () => {
  const outcome: EnsureOutcome = { kind: 'refused', failure: failure('node_refused', 'no room') };
  expect(decideLaunch(input(), outcome)).toMatchObject({ kind: 'retry', chargedTo: 'infrastructure' });
  expect(decideLaunch(input({ certain: false }), outcome)).toMatchObject({ kind: 'again', certain: false });
});

test('a refusal fails the job with the reason that the runtime gave', () => {
  const refusal = failure('launch_refused', 'denied by policy');
  expect(decideLaunch(input(), { kind: 'refused', failure: refusal })).toMatchObject({
    kind: 'fail',
    failure: refusal,
  });
});
