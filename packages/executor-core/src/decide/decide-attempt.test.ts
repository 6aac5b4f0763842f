import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  failure,
  type ExitReport,
  type FailureCategory,
  type LiveAttempt,
  type Observation,
  type RetryBudget,
} from '@job-orchestrator/types';
import {
  buildAttempt,
  counterexampleOf,
  epoch,
  someAttempt,
  someObservation,
  someTime,
} from '../testing/arbitraries.ts';
import { buildSpec } from '../testing/build-launch.ts';
import { decideAttempt, lookAgainMs, type DecisionInput } from './decide-attempt.ts';
import { expectedKind } from '../testing/reference-model.ts';

const some: fc.Arbitrary<DecisionInput> = fc.record({
  attempt: someAttempt,
  observation: someObservation,
  now: someTime,
  jitter: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

const counterexample = (holds: (input: DecisionInput) => boolean): string | null =>
  counterexampleOf(fc.property(some, holds));

const at = (seconds: number): Date => new Date(epoch.getTime() + seconds * 1_000);

const exited = (overrides: Partial<ExitReport> = {}): Observation => ({
  kind: 'ended',
  exit: {
    exitCode: 0,
    startedAt: epoch,
    finishedAt: at(10),
    failure: null,
    output: { kind: 'none' },
    node: null,
    imageDigest: null,
    ...overrides,
  },
});

const decide = (attempt: Partial<LiveAttempt>, observation: Observation, now = at(20)) =>
  decideAttempt({ attempt: buildAttempt(attempt), observation, now, jitter: 0.5 });

const running: Observation = { kind: 'running', startedAt: epoch, node: null };

const spend = (attempt: LiveAttempt, chargedTo: RetryBudget, category: FailureCategory): LiveAttempt => {
  const used = attempt.retriesUsed;
  const retriesUsed = {
    user: used.user + (chargedTo === 'user' ? 1 : 0),
    infrastructure: used.infrastructure + (chargedTo === 'infrastructure' ? 1 : 0),
    output: used.output + (chargedTo === 'output' ? 1 : 0),
    unknown: used.unknown + (category === 'unknown' ? 1 : 0),
    outOfMemory: used.outOfMemory + (category === 'out_of_memory' ? 1 : 0),
  };
  return { ...attempt, retriesUsed };
};

describe('whatever is recorded and seen,', () => {
  test('the decision is the one of the reference model', () => {
    expect(counterexample((input) => decideAttempt(input).kind === expectedKind(input))).toBeNull();
  });

  test('nothing but waiting follows from a runtime that cannot say, or from a launch that is not confirmed', () => {
    expect(
      counterexample((input) => {
        const { observation, attempt } = input;
        const silent = observation.kind === 'unreachable' && observation.unread !== true;
        return !(silent || attempt.launchedAt === null) || decideAttempt(input).kind === 'wait';
      }),
    ).toBeNull();
  });

  test('what cannot be read is never concluded, at most asked to end', () => {
    expect(
      counterexample((input) => {
        const observation = { kind: 'unreachable', message: 'odd', unread: true } as const;
        return ['wait', 'stop'].includes(decideAttempt({ ...input, observation }).kind);
      }),
    ).toBeNull();
  });

  test('an attempt of a cancelled job never completes, fails or is tried again', () => {
    expect(
      counterexample((input) => {
        const attempt = { ...input.attempt, cancelRequestedAt: epoch };
        return ['wait', 'stop', 'cancel'].includes(decideAttempt({ ...input, attempt }).kind);
      }),
    ).toBeNull();
  });

  test('only a cancel that was asked for cancels', () => {
    expect(
      counterexample((input) => {
        const { cancelRequestedAt, stopIntent } = input.attempt;
        return (
          cancelRequestedAt !== null || stopIntent === 'cancel' || decideAttempt(input).kind !== 'cancel'
        );
      }),
    ).toBeNull();
  });

  test('an attempt that stays open is looked at again, at the latest in five minutes or at a deadline', () => {
    expect(
      counterexample((input) => {
        const decision = decideAttempt(input);
        if (decision.kind !== 'wait' && decision.kind !== 'finalize') return true;
        const inMs = (decision.checkAt?.getTime() ?? -Infinity) - input.now.getTime();
        return inMs > 0 && (input.observation.kind === 'ended' || inMs <= lookAgainMs);
      }),
    ).toBeNull();
  });

  test('a retry is paid by its budget, unless others took its room, and its wait lies under the cap', () => {
    expect(
      counterexample((input) => {
        const decision = decideAttempt(input);
        if (decision.kind !== 'retry') return true;
        const { retriesUsed: used, spec } = input.attempt;
        const left = {
          user: spec.retry.maxRetries - used.user,
          infrastructure: spec.retry.infrastructureRetries - used.infrastructure,
          output: 2 - used.output,
          none: 0,
        }[decision.chargedTo];
        const paid = left > 0 || decision.failure.category === 'capacity';
        return paid && decision.delayMs >= 0 && decision.delayMs < 600_000;
      }),
    ).toBeNull();
  });

  test('retries that cost end: spending each on its budget comes to an end within ten', () => {
    expect(
      counterexample((input) => {
        let { attempt } = input;
        for (let tries = 0; tries < 10; tries++) {
          const decision = decideAttempt({ ...input, attempt });
          if (decision.kind !== 'retry' || decision.failure.category === 'capacity') return true;
          attempt = spend(attempt, decision.chargedTo, decision.failure.category);
        }
        return false;
      }),
    ).toBeNull();
  });

  test('success needs exit code 0, nothing against it, and the output that was promised', () => {
    expect(
      counterexample((input) => {
        const decision = decideAttempt(input);
        if (decision.kind !== 'succeed') return true;
        const { exitCode, failure: against, output } = decision.exit;
        return exitCode === 0 && against === null && (!input.attempt.spec.output || output.kind === 'ready');
      }),
    ).toBeNull();
  });
});

describe('a deadline', () => {
  const deadlines = { queueSeconds: 1, startSeconds: 60, runSeconds: 100, finalizeSeconds: 30 };
  const spec = buildSpec({ deadlines, output: true });

  test('to start stops what waits, counted from the claim', () => {
    const waiting: Observation = { kind: 'waiting', reason: 'unschedulable', message: 'no memory' };
    const attempt = { state: 'waiting', startedAt: null, spec } as const;
    expect(decide(attempt, waiting, at(59))).toMatchObject({ kind: 'wait', checkAt: at(60) });
    expect(decide(attempt, waiting, at(60))).toMatchObject({ kind: 'stop', intent: 'start_deadline' });
  });

  test('to run stops what runs, counted from its start', () => {
    expect(decide({ spec }, running, at(99))).toMatchObject({
      kind: 'wait',
      checkAt: at(100),
      progress: null,
    });
    expect(decide({ spec }, running, at(100))).toMatchObject({ kind: 'stop', intent: 'run_deadline' });
  });

  test.each([
    ['behind', -600, 0],
    ['ahead', 600, 20],
  ])('to run is not misled by a node whose clock is ten minutes %s', (_, seenAt, believed) => {
    const attempt = { spec, state: 'waiting', startedAt: null } as const;
    expect(decide(attempt, { ...running, startedAt: at(seenAt) }, at(20))).toMatchObject({
      kind: 'wait',
      checkAt: at(believed + 100),
      progress: { kind: 'running', startedAt: at(believed) },
    });
  });

  test('to finalize is recorded first and ends the wait for the output then', () => {
    const pending = exited({ output: { kind: 'pending' } });
    expect(decide({ spec }, pending, at(10))).toMatchObject({ kind: 'finalize', checkAt: at(15) });
    const attempt = { spec, state: 'finalizing', finalizingAt: at(10) } as const;
    expect(decide(attempt, pending, at(20))).toMatchObject({ kind: 'wait', checkAt: at(25) });
    expect(decide(attempt, pending, at(39))).toMatchObject({ kind: 'wait', checkAt: at(40) });
    expect(decide(attempt, pending, at(40))).toMatchObject({ kind: 'stop', intent: 'finalize_deadline' });
    const stopped = { ...attempt, stopIntent: 'finalize_deadline', stopRequestedAt: at(40) } as const;
    expect(decide(stopped, pending, at(41))).toMatchObject({
      kind: 'retry',
      chargedTo: 'output',
      failure: { reason: 'finalize_deadline' },
    });
  });

  test('an invalid output is a fault of the program: it is written again only where its own budget pays', () => {
    const invalid = exited({ output: { kind: 'invalid', message: 'is not JSON' } });
    const decideWith = (maxRetries: number) =>
      decide(
        { spec: buildSpec({ output: true, retry: { maxRetries, infrastructureRetries: 5 } }) },
        invalid,
        at(10),
      );
    expect(decideWith(0)).toMatchObject({ kind: 'fail', failure: { reason: 'output_invalid' } });
    expect(decideWith(1)).toMatchObject({ kind: 'retry', chargedTo: 'user' });
  });

  const stopped = {
    spec: buildSpec({ deadlines }),
    stopIntent: 'run_deadline',
    stopRequestedAt: at(100),
  } as const;

  test('wins over a program that answered the stop with exit code 0', () => {
    const decision = decide(stopped, exited({ finishedAt: at(101) }), at(102));
    expect(decision).toMatchObject({
      kind: 'fail',
      failure: { reason: 'run_deadline', category: 'timeout' },
    });
  });

  test('leaves alone a program that had ended before the stop was recorded', () => {
    expect(decide(stopped, exited({ finishedAt: at(99) }), at(102)).kind).toBe('succeed');
  });

  test('explains what is gone after its stop: that is not lost', () => {
    expect(decide(stopped, { kind: 'absent' }, at(102))).toMatchObject({
      kind: 'fail',
      lost: false,
      failure: { reason: 'run_deadline' },
    });
  });
});

describe('a failure', () => {
  const retry = { maxRetries: 1, infrastructureRetries: 5 };

  test('of the program waits out half of its first backoff at jitter one half', () => {
    const failed = exited({ exitCode: 3, failure: failure('exit_code', 'ended with 3') });
    expect(decide({ spec: buildSpec({ retry }) }, failed)).toMatchObject({
      kind: 'retry',
      chargedTo: 'user',
      delayMs: 5_000,
    });
    expect(decide({}, failed)).toMatchObject({ kind: 'fail', failure: { reason: 'exit_code' } });
  });

  test('of the infrastructure leaves the budget of the user alone', () => {
    const evicted = exited({ exitCode: null, failure: failure('evicted', 'evicted') });
    expect(decide({}, evicted)).toMatchObject({ kind: 'retry', chargedTo: 'infrastructure' });
  });

  test('that nobody can explain is tried twice again, and no more', () => {
    const odd = exited({ exitCode: 137, failure: failure('killed_without_cause', 'killed') });
    const used = { user: 0, infrastructure: 2, output: 0, unknown: 2, outOfMemory: 0 };
    expect(decide({}, odd).kind).toBe('retry');
    expect(decide({ retriesUsed: used }, odd).kind).toBe('fail');
  });

  test('that vanished without our doing is lost', () => {
    expect(decide({}, { kind: 'absent' })).toMatchObject({
      kind: 'retry',
      lost: true,
      failure: {
        reason: 'object_deleted',
        message: 'Somebody deleted what ran this attempt; it was not us.',
      },
    });
  });

  test('of an image fails now, once its grace is over', () => {
    const refused = (forMs: number): Observation => ({
      kind: 'refused',
      forMs,
      graceMs: 30_000,
      failure: failure('image_not_found', 'no such tag'),
    });
    const attempt = { state: 'waiting', startedAt: null } as const;
    const message = `no such tag (unless that changes, the attempt fails at ${at(30).toISOString().slice(11, 19)}Z)`;
    expect(decide(attempt, refused(29_000), at(29))).toMatchObject({
      kind: 'wait',
      checkAt: at(30),
      progress: { waiting: { reason: 'image_problem', message } },
    });
    expect(decide(attempt, refused(30_000), at(30))).toMatchObject({
      kind: 'fail',
      failure: { category: 'image' },
    });
  });
});

describe('a node that vanished', () => {
  const lost = (seconds: number): Observation => ({
    kind: 'node_lost',
    forMs: seconds * 1_000,
    node: 'n1',
    message: 'no word from n1',
  });
  const rerun = buildSpec({ retry: { maxRetries: 0, infrastructureRetries: 1, onNodeLost: 'rerun' } });

  test('is waited for, and said so once its grace is over, also of a program that runs', () => {
    expect(decide({}, lost(59), at(59))).toMatchObject({ kind: 'wait', checkAt: at(60), progress: null });
    expect(decide({}, lost(60), at(60))).toMatchObject({
      kind: 'wait',
      progress: { kind: 'waiting', waiting: { reason: 'node_lost' } },
    });
  });

  test('of whose grace less than a millisecond is left is not looked at five minutes later', () => {
    expect(decide({}, lost(59.9996), at(60))).toMatchObject({
      progress: { waiting: { reason: 'node_lost' } },
    });
    expect(decide({ spec: rerun }, lost(59.9996), at(60))).toMatchObject({ kind: 'retry' });
  });

  test('gives the attempt up where the job says rerun', () => {
    expect(decide({ spec: rerun }, lost(59), at(59)).kind).toBe('wait');
    expect(decide({ spec: rerun }, lost(60), at(60))).toMatchObject({
      kind: 'retry',
      lost: true,
      chargedTo: 'infrastructure',
      failure: { reason: 'node_lost', evidence: { node: 'n1' } },
    });
    const cancelled = { spec: rerun, cancelRequestedAt: at(1) };
    expect(decide(cancelled, lost(60), at(60))).toMatchObject({ kind: 'cancel' });
  });
});

describe('a Job that its queue holds back', () => {
  const unstarted = buildAttempt({
    state: 'waiting',
    startedAt: null,
    spec: buildSpec({
      deadlines: { queueSeconds: 86_400, startSeconds: 60, runSeconds: 60, finalizeSeconds: 60 },
    }),
  });
  const after = (seconds: number): Date => new Date(epoch.getTime() + seconds * 1_000);
  const decideAt = (attempt: LiveAttempt, seconds: number, observation: Partial<Observation>) =>
    decideAttempt({
      attempt,
      now: after(seconds),
      jitter: 0,
      observation: {
        kind: 'waiting',
        reason: 'quota',
        message: 'waits for quota',
        ...observation,
      } as Observation,
    });

  test('has no time to start running out, but that of the queue', () => {
    expect(decideAt(unstarted, 3_600, { startClock: 'stopped' })).toMatchObject({
      kind: 'wait',
      progress: { kind: 'waiting', waiting: { reason: 'quota', message: 'waits for quota' } },
    });
    expect(decideAt(unstarted, 86_400, { startClock: 'stopped' })).toMatchObject({
      kind: 'stop',
      intent: 'start_deadline',
      reason: 'deadlines.queueSeconds (86400 s) passed while it waited for quota',
    });
  });

  test('has its whole time to start once it was let go', () => {
    expect(decideAt(unstarted, 3_659, { startClock: 59_000 }).kind).toBe('wait');
    expect(decideAt(unstarted, 3_660, { startClock: 60_000 })).toMatchObject({
      kind: 'stop',
      intent: 'start_deadline',
    });
  });

  test('is tried anew, charged to nobody, when its program had started before', () => {
    const anew = {
      kind: 'retry',
      chargedTo: 'none',
      failure: { reason: 'suspended_again', category: 'capacity' },
    };
    expect(decideAt(buildAttempt(), 10, { startClock: 'stopped' })).toMatchObject(anew);
    expect(decideAt(unstarted, 10, { startClock: 'stopped', ranSince: after(5) })).toMatchObject(anew);
  });

  test('is not tried anew where somebody cancelled it', () => {
    const cancelled = buildAttempt({ cancelRequestedAt: epoch });
    expect(decideAt(cancelled, 10, { startClock: 'stopped' })).toMatchObject({
      kind: 'stop',
      intent: 'cancel',
    });
  });

  test('that was stopped for its deadline ends by it, though it never began', () => {
    const stopped = { ...unstarted, stopIntent: 'start_deadline', stopRequestedAt: after(86_400) } as const;
    const failed = failure('cancelled', 'asked to end', { suspended: true });
    const exit = {
      exitCode: null,
      startedAt: null,
      finishedAt: epoch,
      failure: failed,
      output: { kind: 'none' },
    };
    expect(
      decideAttempt({
        attempt: stopped,
        now: after(86_401),
        jitter: 0,
        observation: { kind: 'ended', exit: { ...exit, node: null, imageDigest: null } as ExitReport },
      }),
    ).toMatchObject({
      kind: 'fail',
      failure: { reason: 'start_deadline', message: expect.stringContaining('waited for quota') as string },
    });
  });
});
