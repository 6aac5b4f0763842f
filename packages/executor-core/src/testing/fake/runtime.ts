import { randomUUID } from 'node:crypto';
import {
  failure,
  type AttemptLaunch,
  type AttemptRef,
  type EnsureOutcome,
  type ExitReport,
  type JobRuntime,
  type LogSource,
  type LogTail,
  type Observation,
  type OutputReport,
  type RuntimeObject,
} from '@job-orchestrator/types';
import type { Fault } from './faults.ts';
import { followLog } from './follow-log.ts';
import { nameOf, type FakeObject, type FakeWorld } from './world.ts';

const encoder = new TextEncoder();

/** Lets a slow, hanging or throwing call be so; returns the fault that the method itself must show. */
const endure = async (world: FakeWorld, fault: Fault | null): Promise<Fault | null> => {
  if (fault?.kind === 'throws') throw new Error(fault.message);
  if (fault?.kind === 'hang') await new Promise(() => undefined);
  if (fault?.kind === 'slow')
    await new Promise<void>((resolve) => void world.clock.setTimer(fault.ms, resolve));
  return fault;
};

const stoppedBeforeStart = (world: FakeWorld): ExitReport => ({
  exitCode: null,
  startedAt: null,
  finishedAt: world.clock.now(),
  failure: failure('signal', 'stopped before the program started'),
  output: { kind: 'none' },
  node: null,
  imageDigest: null,
});

/** With a collector the output comes later than the end of its program. */
const collecting = (world: FakeWorld, made: FakeObject, exit: ExitReport): ExitReport => {
  if (world.collectMs === null || !made.launch.spec.output || exit.failure !== null) return exit;
  return { ...exit, instance: made.object.uid, output: { kind: made.collected ? 'left' : 'pending' } };
};

const show = (world: FakeWorld, made: FakeObject): Observation => {
  if (made.shows) return made.shows;
  if (!made.run && made.stopAsked) return { kind: 'ended', exit: stoppedBeforeStart(world) };
  if (!made.run) return { kind: 'waiting', reason: 'scheduling', message: 'waits for a node' };
  const exit = made.run.exit();
  return exit
    ? { kind: 'ended', exit: collecting(world, made, exit) }
    : { kind: 'running', startedAt: made.run.startedAt, node: 'fake-node' };
};

const commandMissing = (launch: AttemptLaunch): EnsureOutcome | null =>
  launch.spec.command?.[0] === 'fake'
    ? null
    : {
        kind: 'refused',
        failure: failure('command_not_found', `no such program: ${launch.spec.command?.[0]}`),
      };

const beingRemoved = (object: RuntimeObject): EnsureOutcome => ({
  kind: 'terminating',
  object,
  message: 'is being removed',
});

const faultyEnsure = (world: FakeWorld, launch: AttemptLaunch, fault: Fault | null): EnsureOutcome | null => {
  if (fault?.kind === 'busy') {
    return {
      kind: 'busy',
      reason: fault.reason ?? 'quota',
      retryAfterMs: fault.retryAfterMs,
      message: fault.message?.() ?? 'too many requests',
    };
  }
  if (fault?.kind === 'refused') return { kind: 'refused', failure: fault.failure };
  if (fault?.kind === 'terminating') return beingRemoved({ uid: randomUUID(), name: nameOf(launch) });
  if (fault?.kind !== 'unresolved') return null;
  if (fault.appearsAfterMs !== null) world.clock.setTimer(fault.appearsAfterMs, () => world.create(launch));
  return { kind: 'unresolved', message: 'the answer was lost' };
};

const ensure = async (
  world: FakeWorld,
  launch: AttemptLaunch,
  mayCreate: () => boolean,
): Promise<EnsureOutcome> => {
  const fault = await endure(world, world.faults.take('ensure', launch));
  if (!mayCreate()) return { kind: 'withheld' };
  const faulty = faultyEnsure(world, launch, fault) ?? commandMissing(launch);
  if (faulty) return faulty;
  const ours = world.find(launch)?.launch.attemptId === launch.attemptId;
  const later = ours ? null : world.later(launch);
  if (later) return { kind: 'superseded', by: later.launch.attemptNumber };
  const made = world.create(launch);
  const found = made ?? world.find(launch);
  if (!found) throw new Error('neither created nor found');
  const { attemptId: from } = found.launch;
  if (from !== launch.attemptId) {
    found.launch = launch;
    return { kind: 'taken_over', object: found.object, from };
  }
  if (found.shows?.kind === 'terminating') return beingRemoved(found.object);
  return { kind: made ? 'created' : 'exists', object: found.object };
};

const observe = async (world: FakeWorld, ref: AttemptRef): Promise<Observation> => {
  const fault = await endure(world, world.faults.take('observe', ref));
  if (fault?.kind === 'unreachable') return { kind: 'unreachable', message: 'no answer' };
  if (fault?.kind === 'terminating') return { kind: 'terminating', message: 'is being removed' };
  const found = world.find(ref);
  return found ? show(world, found) : { kind: 'absent' };
};

const stop = async (world: FakeWorld, ref: AttemptRef, graceSeconds: number): Promise<boolean> => {
  const fault = await endure(world, world.faults.take('stop', ref));
  if (fault?.kind === 'unreachable') return false;
  const found = world.find(ref);
  if (found) world.stop(found, graceSeconds);
  return true;
};

const logTail = async (world: FakeWorld, ref: AttemptRef, maxBytes: number): Promise<LogTail | null> => {
  const fault = await endure(world, world.faults.take('logTail', ref));
  const log = world.find(ref)?.run?.log();
  if (fault?.kind === 'unreachable' || log === undefined) return null;
  const bytes = encoder.encode(log);
  return {
    bytes: bytes.subarray(Math.max(0, bytes.byteLength - maxBytes)),
    totalBytes: bytes.byteLength,
    extent: 'exact',
  };
};

const collectOutput = async (world: FakeWorld, ref: AttemptRef): Promise<OutputReport> => {
  const fault = await endure(world, world.faults.take('collectOutput', ref));
  if (fault?.kind === 'unreachable') return { kind: 'pending' };
  return world.find(ref)?.left ?? { kind: 'lost', message: 'its object is gone' };
};

const remove = async (world: FakeWorld, ref: AttemptRef): Promise<boolean> => {
  const fault = await endure(world, world.faults.take('remove', ref));
  if (fault?.kind === 'unreachable') return false;
  const found = world.find(ref);
  if (!found || found.object.uid !== ref.object?.uid) return true;
  found.run?.kill(137);
  world.delete(found);
  return true;
};

const list = async (world: FakeWorld): Promise<readonly AttemptRef[] | null> => {
  const fault = await endure(world, world.faults.take('list', null));
  if (fault?.kind === 'unreachable') return null;
  return [...world.objects.values()].map(({ launch, object }) => ({ ...launch, object }));
};

/** One executor's view of a fake world; any number of them may live at once. */
export const createFakeRuntime = (world: FakeWorld): JobRuntime & LogSource => {
  let unsubscribe: (() => void) | null = null;
  return {
    kind: 'process',
    key: world.key,
    start: async (onChange) => {
      unsubscribe = world.subscribe(onChange);
    },
    ensure: (launch, mayCreate) => ensure(world, launch, mayCreate),
    observe: (ref) => observe(world, ref),
    stop: (ref, graceSeconds) => stop(world, ref, graceSeconds),
    logTail: (ref, maxBytes) => logTail(world, ref, maxBytes),
    collectOutput: (ref) => collectOutput(world, ref),
    remove: (ref) => remove(world, ref),
    list: () => list(world),
    setAside: async () => [...world.unreadable],
    open: async (ref, request) => followLog(world, ref, request),
    close: async () => unsubscribe?.(),
  };
};
