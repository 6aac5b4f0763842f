import type { AttemptId, AttemptLaunch, AttemptRef, JobSpec, Observation } from '@job-orchestrator/types';
import { buildLaunch, unguarded } from '../build-launch.ts';
import { defaultShellDialect, shellCommand, type Program } from '../programs.ts';
import type { ConformingRuntime, RuntimeHarness } from './harness.ts';

/** A started instance with the attempts that it reported. */
export interface Started {
  readonly runtime: ConformingRuntime;
  readonly changed: readonly AttemptId[];
}

/** A harness with the helpers that each test needs; closes every instance at the end of the test. */
export interface Subject {
  readonly harness: RuntimeHarness;
  readonly start: () => Promise<Started>;
  readonly launch: (program: Program, spec?: Partial<JobSpec>) => AttemptLaunch;
  /** `ensure`, asserting that the object is there; returns the ref with the object. */
  readonly ensured: (runtime: ConformingRuntime, launch: AttemptLaunch) => Promise<AttemptRef>;
  /** Looks until `fits`; throws with the last thing seen when the time is over. */
  readonly observed: (
    runtime: ConformingRuntime,
    ref: AttemptRef,
    fits: (seen: Observation) => boolean,
  ) => Promise<Observation>;
  /** Looks until the attempt ended and its output is no longer pending. */
  readonly ended: (
    runtime: ConformingRuntime,
    ref: AttemptRef,
  ) => Promise<Extract<Observation, { kind: 'ended' }>>;
  readonly until: <Value>(what: string, look: () => Promise<Value | null>) => Promise<Value>;
  readonly log: (runtime: ConformingRuntime, ref: AttemptRef) => Promise<string>;
  readonly dispose: () => Promise<void>;
}

const lookEveryMs = 50;

const realPause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** Looks again and again until `look` gives something else than null; throws after `timeoutMs` of real time. */
export const waitUntil = async <Value>(
  what: string,
  look: () => Promise<Value | null>,
  {
    timeoutMs,
    pause = realPause,
  }: { timeoutMs: number; pause?: ((ms: number) => Promise<void>) | undefined },
): Promise<Value> => {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value !== null) return value;
    if (performance.now() > giveUpAt) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
    await pause(lookEveryMs);
  }
};

const settled = (seen: Observation): boolean => seen.kind === 'ended' && seen.exit.output.kind !== 'pending';

const commandOf = (harness: RuntimeHarness, program: Program): readonly string[] =>
  harness.command
    ? harness.command(program)
    : shellCommand(program, { ...defaultShellDialect, ...harness.dialect });

const ensured = async (runtime: ConformingRuntime, launch: AttemptLaunch): Promise<AttemptRef> => {
  const outcome = await runtime.ensure(launch, unguarded);
  if (outcome.kind !== 'created' && outcome.kind !== 'exists') {
    throw new Error(`ensure answered ${JSON.stringify(outcome)}`);
  }
  return { ...launch, object: outcome.object };
};

const logText = async (runtime: ConformingRuntime, ref: AttemptRef): Promise<string> => {
  const tail = await runtime.logTail(ref, 65_536);
  return tail === null ? '' : new TextDecoder().decode(tail.bytes);
};

/** The helpers over one harness. */
export const createSubject = (harness: RuntimeHarness): Subject => {
  const running: ConformingRuntime[] = [];
  const until = <Value>(what: string, look: () => Promise<Value | null>): Promise<Value> =>
    waitUntil(what, look, harness);
  const observed: Subject['observed'] = async (runtime, ref, fits) => {
    let last: Observation | null = null;
    const look = async () => {
      last = await runtime.observe(ref);
      return fits(last) ? last : null;
    };
    return until('the right observation', look).catch((error: unknown) => {
      throw new Error(`last seen: ${JSON.stringify(last)}`, { cause: error });
    });
  };
  return {
    harness,
    start: async () => {
      const runtime = await harness.makeRuntime();
      running.push(runtime);
      const changed: AttemptId[] = [];
      await runtime.start((attempt) => void changed.push(attempt));
      return { runtime, changed };
    },
    launch: (program, spec = {}) =>
      buildLaunch(harness.installation, { ...harness.spec, command: commandOf(harness, program), ...spec }),
    ensured,
    observed,
    ended: async (runtime, ref) => {
      const seen = await observed(runtime, ref, settled);
      if (seen.kind !== 'ended') throw new Error('unreachable');
      return seen;
    },
    until,
    log: logText,
    dispose: async () => {
      await Promise.all(running.splice(0).map((runtime) => runtime.close()));
    },
  };
};
