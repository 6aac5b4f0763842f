import { randomUUID } from 'node:crypto';
import {
  objectName,
  type AttemptId,
  type AttemptLaunch,
  type AttemptRef,
  type Clock,
  type Observation,
  type OutputReport,
  type RuntimeObject,
  type SetAside,
} from '@job-orchestrator/types';
import { createFaultTable, type FaultTable } from './faults.ts';
import { runProgram, type ProgramRun } from './program-run.ts';

/** One object in the fake world, and what it runs. */
export interface FakeObject {
  /** Whose it is; another's once it was taken over. */
  launch: AttemptLaunch;
  readonly object: RuntimeObject;
  run: ProgramRun | null;
  /** Overrides what the program shows: waiting, refused, terminating. */
  shows: Observation | null;
  stopAsked: boolean;
  /** Its collector has ended. */
  collected: boolean;
  /** What its collector left, for a program that shows an output `left`. */
  left: OutputReport;
}

/** What exists and runs, apart from any executor: it goes on when all of them are dead. */
export interface FakeWorld {
  readonly clock: Clock;
  readonly collectMs: number | null;
  /** Whose attempts may be adopted here. */
  readonly key: string;
  readonly faults: FaultTable;
  /** Objects that cannot be read. */
  readonly unreadable: Set<SetAside>;
  readonly objects: ReadonlyMap<string, FakeObject>;
  /** How often an object was created under each name. At most once, or a promise is broken. */
  readonly created: ReadonlyMap<string, number>;
  /** Makes the object unless its name is taken; null when it is taken. */
  create(launch: AttemptLaunch): FakeObject | null;
  find(ref: AttemptRef): FakeObject | null;
  /** An object of a later attempt of the same job. */
  later(ref: AttemptRef): FakeObject | null;
  /** Asks what runs to end; what has not started never will. */
  stop(object: FakeObject, graceSeconds: number): void;
  /** Takes an object away, as `remove` or as a person with kubectl. */
  delete(object: FakeObject): void;
  /** Shows something else than the program does; null shows the program again. */
  show(attempt: AttemptId, observation: Observation | null): void;
  /** The object of an attempt; throws when there is none. */
  of(attempt: AttemptId): FakeObject;
  subscribe(onChange: (attempt: AttemptId) => void): () => void;
}

/** How the fake world behaves when nothing goes wrong. */
export interface FakeWorldOptions {
  readonly clock: Clock;
  /** How long an object waits before its program starts. */
  readonly startDelayMs?: number;
  /**
   * How long a collector goes on after its program; what the program wrote is then left with it. Null: no collectors,
   * outputs come with the end of their program.
   */
  readonly collectMs?: number | null;
}

/** The deterministic name of an attempt's object. */
export const nameOf = (ref: AttemptRef): string => objectName(ref.installation, ref.jobId, ref.attemptNumber);

const createObject = (launch: AttemptLaunch): FakeObject => ({
  launch,
  object: { uid: randomUUID(), name: nameOf(launch) },
  run: null,
  shows: null,
  stopAsked: false,
  collected: false,
  left: { kind: 'lost', message: 'nobody has it' },
});

export const createFakeWorld = ({
  clock,
  startDelayMs = 0,
  collectMs = null,
}: FakeWorldOptions): FakeWorld => {
  const objects = new Map<string, FakeObject>();
  const created = new Map<string, number>();
  const listeners = new Set<(attempt: AttemptId) => void>();
  const changed = (attempt: AttemptId): void => listeners.forEach((listener) => listener(attempt));
  const leave = (made: FakeObject): void => {
    made.left = made.run?.exit()?.output ?? made.left;
    made.collected = true;
    changed(made.launch.attemptId);
  };
  const start = (made: FakeObject): void => {
    if (objects.get(made.object.name) !== made || made.stopAsked) return;
    made.run = runProgram(clock, made.launch, () => {
      changed(made.launch.attemptId);
      if (collectMs !== null) clock.setTimer(collectMs, () => leave(made));
    });
    changed(made.launch.attemptId);
  };
  const of = (attempt: AttemptId): FakeObject => {
    for (const each of objects.values()) if (each.launch.attemptId === attempt) return each;
    throw new Error(`no object of attempt ${attempt}`);
  };
  return {
    clock,
    collectMs,
    key: `fake/${randomUUID()}`,
    unreadable: new Set(),
    faults: createFaultTable(),
    objects,
    created,
    create: (launch) => {
      const name = nameOf(launch);
      if (objects.has(name)) return null;
      const made = createObject(launch);
      objects.set(name, made);
      created.set(name, (created.get(name) ?? 0) + 1);
      clock.setTimer(startDelayMs, () => start(made));
      return made;
    },
    later: ({ jobId, attemptNumber }) =>
      [...objects.values()].find(
        ({ launch }) => launch.jobId === jobId && launch.attemptNumber > attemptNumber,
      ) ?? null,
    find: (ref) => objects.get(nameOf(ref)) ?? null,
    stop: (object, graceSeconds) => {
      object.stopAsked = true;
      object.run?.stop(graceSeconds);
      changed(object.launch.attemptId);
    },
    delete: (object) => {
      objects.delete(object.object.name);
      changed(object.launch.attemptId);
    },
    show: (attempt, observation) => {
      of(attempt).shows = observation;
      changed(attempt);
    },
    of,
    subscribe: (onChange) => {
      listeners.add(onChange);
      return () => void listeners.delete(onChange);
    },
  };
};
