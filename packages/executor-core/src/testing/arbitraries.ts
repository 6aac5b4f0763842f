import * as fc from 'fast-check';
import {
  attemptId,
  failure,
  failureCategories,
  failureReasons,
  incarnationId,
  jobId,
  type ExitReport,
  type Failure,
  type FailureReason,
  type LiveAttempt,
  type Observation,
  type OutputReport,
} from '@job-orchestrator/types';
import { buildSpec } from './build-launch.ts';

/** Around this moment everything of the arbitrary attempts happens. */
export const epoch = new Date('2026-01-01T00:00:00Z');

/** Some moment within two days of the epoch. */
export const someTime: fc.Arbitrary<Date> = fc
  .integer({ min: -172_800, max: 172_800 })
  .map((seconds) => new Date(epoch.getTime() + seconds * 1_000));

const someReason = fc.constantFrom(...(Object.keys(failureReasons) as FailureReason[]));

/** Any failure that a runtime may report. */
export const someFailure: fc.Arbitrary<Failure> = someReason.map((reason) => failure(reason, 'as generated'));

const someOutput: fc.Arbitrary<OutputReport> = fc.oneof(
  fc.constant<OutputReport>({ kind: 'none' }),
  fc.constant<OutputReport>({ kind: 'pending' }),
  fc.constant<OutputReport>({ kind: 'ready', result: { text: '{"n":1}', bytes: 7, digest: 'd' }, files: [] }),
  fc.constant<OutputReport>({ kind: 'left' }),
  fc.constant<OutputReport>({ kind: 'lost', message: 'nobody has it' }),
  fc.constant<OutputReport>({ kind: 'invalid', message: 'not JSON' }),
);

const someExit: fc.Arbitrary<ExitReport> = fc.record({
  exitCode: fc.constantFrom(0, 0, 1, 137, null),
  startedAt: fc.option(someTime),
  finishedAt: someTime,
  failure: fc.oneof(fc.constant(null), someFailure),
  output: someOutput,
  node: fc.constant(null),
  imageDigest: fc.constant(null),
});

const kind = <Kind extends string>(name: Kind): fc.Arbitrary<Kind> => fc.constant(name);

const someAgeMs = fc.integer({ min: -60_000, max: 1_200_000 });
const someStartClock = fc.oneof(kind('stopped'), someAgeMs);

/** Anything that a runtime may show. */
export const someObservation: fc.Arbitrary<Observation> = fc.oneof(
  fc.record(
    { kind: kind('unreachable'), message: fc.constant('no answer'), unread: fc.constant(true as const) },
    { requiredKeys: ['kind', 'message'] },
  ),
  fc.record({ kind: kind('absent') }),
  fc.record(
    {
      kind: kind('waiting'),
      reason: kind('scheduling'),
      message: fc.constant('waits'),
      startClock: someStartClock,
      ranSince: someTime,
    },
    { requiredKeys: ['kind', 'reason', 'message'] },
  ),
  fc.record(
    {
      kind: kind('refused'),
      forMs: someAgeMs,
      graceMs: fc.nat(600_000),
      failure: someFailure,
      startClock: someStartClock,
    },
    { requiredKeys: ['kind', 'forMs', 'graceMs', 'failure'] },
  ),
  fc.record({ kind: kind('running'), startedAt: someTime, node: fc.constant('n') }),
  fc.record({
    kind: kind('node_lost'),
    forMs: someAgeMs,
    node: fc.constant('n'),
    message: fc.constant('lost'),
  }),
  fc.record(
    { kind: kind('terminating'), message: fc.constant('goes'), startClock: someStartClock },
    { requiredKeys: ['kind', 'message'] },
  ),
  fc.record({ kind: kind('ended'), exit: someExit }),
);

const used = fc.nat(4);
const seconds = fc.integer({ min: 1, max: 100_000 });

/** Names a third of the categories, or exit code 1; or nothing, as one that is not given. */
const someSelector = fc.record({
  categories: fc.subarray([...failureCategories], { maxLength: 3 }),
  exitCodes: fc.constantFrom([], [1]),
});

const someSpec = fc
  .record({
    output: fc.boolean(),
    retry: fc.record({
      maxRetries: fc.nat(3),
      infrastructureRetries: fc.nat(3),
      onNodeLost: fc.constantFrom('wait', 'rerun'),
    }),
    on: fc.option(someSelector, { freq: 1 }),
    never: fc.option(someSelector, { freq: 1 }),
    deadlines: fc.record({
      queueSeconds: seconds,
      startSeconds: seconds,
      runSeconds: seconds,
      finalizeSeconds: seconds,
    }),
  })
  .map(({ retry, on, never, ...spec }) =>
    buildSpec({
      ...spec,
      retry: { ...retry, ...(on === null ? {} : { on }), ...(never === null ? {} : { never }) },
    }),
  );

const identity = {
  id: attemptId('00000000-0000-4000-8000-00000000000a'),
  jobId: jobId('00000000-0000-7000-8000-00000000000b'),
  owner: incarnationId('00000000-0000-7000-8000-00000000000c'),
  runtimeKey: 'fake',
  project: 'default',
  topic: 'default',
} as const;

/** Any live attempt, also in combinations that should never be recorded. */
export const someAttempt: fc.Arbitrary<LiveAttempt> = fc
  .record({
    number: fc.integer({ min: 1, max: 9 }),
    state: fc.constantFrom('launching', 'waiting', 'running', 'finalizing'),
    claimedAt: someTime,
    launchedAt: fc.option(someTime, { freq: 4 }),
    startedAt: fc.option(someTime),
    finalizingAt: fc.option(someTime),
    object: fc.constant({ uid: 'u', name: 'n' }),
    adoptedWhileLaunching: fc.boolean(),
    stopIntent: fc.option(fc.constantFrom('cancel', 'run_deadline', 'start_deadline', 'finalize_deadline')),
    stopRequestedAt: fc.option(someTime),
    cancelRequestedAt: fc.option(someTime),
    retriesUsed: fc.record({
      user: used,
      infrastructure: used,
      output: used,
      unknown: used,
      outOfMemory: used,
    }),
    spec: someSpec,
  })
  .map((attempt) => ({ ...identity, ...attempt }));

/** A healthy attempt that runs since the epoch; each test names only what it is about. */
export const buildAttempt = (overrides: Partial<LiveAttempt> = {}): LiveAttempt => ({
  ...identity,
  number: 1,
  state: 'running',
  claimedAt: epoch,
  launchedAt: epoch,
  startedAt: epoch,
  finalizingAt: null,
  object: { uid: 'u', name: 'n' },
  adoptedWhileLaunching: false,
  stopIntent: null,
  stopRequestedAt: null,
  cancelRequestedAt: null,
  retriesUsed: { user: 0, infrastructure: 0, output: 0, unknown: 0, outOfMemory: 0 },
  spec: buildSpec(),
  ...overrides,
});

/** Runs a property 3,000 times; the report of the smallest counterexample, or null when it holds. */
export const counterexampleOf = <Values>(property: fc.IRawProperty<Values>): string | null => {
  const details = fc.check(property as fc.IProperty<Values>, { numRuns: 3_000 });
  return details.failed ? (fc.defaultReportMessage(details) ?? 'failed') : null;
};
