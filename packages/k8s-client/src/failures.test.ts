import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildAttempt, decideAttempt, decideLaunch } from '@job-orchestrator/executor-core/testing';
import { failureReasons, type LiveAttempt, type Observation } from '@job-orchestrator/types';
import { decodeEvent, decodeJob, decodePod } from './observe/decode.ts';
import { observeAttempt } from './observe.ts';
import { createAttemptStore } from './runtime/attempt-store.ts';
import { systemClock } from './system-clock.ts';
import { replay, replayAnswer, replayExisting, type FailureFixture } from './testing/fixture.ts';

const folder = new URL('../fixtures/', import.meta.url);
const read = (kind: string): [string, FailureFixture][] =>
  readdirSync(new URL(`${kind}/`, folder)).map((file) => [
    `${kind}/${file.replace('.json', '')}`,
    JSON.parse(readFileSync(new URL(`${kind}/${file}`, folder), 'utf8')) as FailureFixture,
  ]);
const fixtures = [...read('recorded'), ...read('written')];

/** Past the deadline that some fixtures are about, and inside every grace. */
const now = new Date('2026-01-01T00:00:40Z');
const retry = { maxRetries: 1, infrastructureRetries: 1 };

const attemptOf = ({ intent, declaresOutput }: FailureFixture): LiveAttempt => {
  const attempt = buildAttempt({ state: 'waiting', startedAt: null });
  const spec = { ...attempt.spec, retry, output: declaresOutput ?? false };
  if (intent === undefined) return { ...attempt, spec };
  if ('cancelled' in intent) return { ...attempt, spec, cancelRequestedAt: now };
  const deadlines = { ...spec.deadlines, runSeconds: 5 };
  return { ...attempt, ...intent, spec: { ...spec, deadlines }, stopRequestedAt: now };
};

const judged = async (fixture: FailureFixture) => {
  const attempt = attemptOf(fixture);
  if (fixture.answer === undefined) {
    const observation: Observation = replay(fixture);
    return { observation, decision: decideAttempt({ attempt, observation, now, jitter: 0.5 }) };
  }
  const { job } = fixture;
  const observation = job === null ? replayAnswer(fixture.answer) : await replayExisting(job);
  const launch = {
    attempt: { ...attempt, launchedAt: null },
    certain: true,
    tries: 0,
    unreachable: false,
    now,
    jitter: 0.5,
  };
  const decision = decideLaunch(launch, observation);
  return {
    observation,
    decision: decision.kind === 'again' ? { ...decision, kind: 'wait' as const } : decision,
  };
};

describe('each way to fail or wait is taken for what it is', () => {
  test.each(fixtures)('%s', async (_name, fixture) => {
    const { expected } = fixture;
    const { observation, decision } = await judged(fixture);
    expect(observation.kind).toBe(expected.observation);
    expect(decision.kind).toBe(expected.decision);
    const exit = observation.kind === 'ended' ? observation.exit : null;
    if (exit !== null) expect(exit.exitCode).toBe(expected.exitCode);
    const own = 'failure' in decision ? decision.failure : null;
    const failure = own ?? (observation.kind === 'refused' ? observation.failure : (exit?.failure ?? null));
    expect(failure?.reason).toBe(expected.reason);
    expect(failure?.category).toBe(expected.category);
    expect(failure?.hint).toBe(expected.hint);
    if (expected.waiting !== undefined && 'progress' in decision)
      expect(decision.progress).toMatchObject({ waiting: { reason: expected.waiting } });
  });
});

const document = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const table = (document.split('## What Kubernetes shows\n')[1] ?? '').split('\n## ')[0] ?? '';

test('docs/errors.md lists every one of them', () => {
  const rows = fixtures.map(([name, { signal, expected }]) => {
    const outcome =
      expected.reason ?? (expected.waiting === undefined ? expected.decision : `waits: ${expected.waiting}`);
    return `| ${signal} | ${outcome} | ${name.startsWith('recorded') ? 'yes' : 'no'} |`;
  });
  const documented = table
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| what is seen'))
    .filter((line) => !line.startsWith('| ---'))
    .map((line) => line.replaceAll(/ +\|/g, ' |'));
  expect(documented.toSorted()).toEqual(rows.toSorted());
});

/** Reasons that no object of Kubernetes shows: our own acts and judgements, and those of the other runtime. */
const notOfKubernetes = new Set([
  'start_deadline',
  'queue_deadline',
  'finalize_deadline',
  'process_lost',
  'output_invalid',
  'output_lost',
  'cancelled',
  'node_lost',
  'profile_missing',
  'secret_not_bound',
  'suspended_again',
]);

test('every reason that Kubernetes can show has a fixture', () => {
  const shown = new Set(fixtures.map(([, { expected }]) => expected.reason));
  const missing = Object.keys(failureReasons).filter(
    (reason) => !shown.has(reason as keyof typeof failureReasons) && !notOfKubernetes.has(reason),
  );
  expect(missing).toEqual([]);
});

test('an eviction that only its event tells stays known under later warnings, and when its pod is gone', () => {
  const [, fixture] = fixtures.find(([name]) => name === 'recorded/own-limit-exit-0')!;
  const [uid] = fixture.pods.map((pod) => (pod as { metadata: { uid: string } }).metadata.uid);
  const store = createAttemptStore(systemClock, () => undefined);
  store.putJob(decodeJob(fixture.job));
  store.putPod(decodePod(fixture.pods[0]));
  for (const event of fixture.events) {
    const view = decodeEvent(event);
    if (view === null) continue;
    store.putEvent(view);
    store.putEvent({ ...view, reason: 'FailedMount', message: 'on its way out' });
  }
  store.dropPod(uid!);
  const seen = observeAttempt(
    store.view(decodeJob(fixture.job).attempt.attemptId),
    systemClock.monotonicMs(),
  );
  expect(seen).toMatchObject({ kind: 'ended', exit: { failure: { reason: 'own_limit_exceeded' } } });
});
