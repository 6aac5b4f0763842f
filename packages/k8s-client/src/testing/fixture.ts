import {
  attemptId,
  type AttemptId,
  type Clock,
  type EnsureOutcome,
  type FailureCategory,
  type FailureReason,
  type LiveAttempt,
  type Observation,
  type WaitingReason,
} from '@job-orchestrator/types';
import { failureOf } from '../http/api-result.ts';
import { labels } from '../labels.ts';
import { observeAttempt } from '../observe.ts';
import { decodeEvent, decodeJob, decodePod } from '../observe/decode.ts';
import { mapping, text } from '../observe/fields.ts';
import { createAttemptStore } from '../runtime/attempt-store.ts';
import { createKubernetesRuntime } from '../runtime/create-runtime.ts';
import { judgeRefusal } from '../runtime/ensure.ts';
import type { PodView } from '../observe/views.ts';
import { startFakeApiServer } from './fake-api-server.ts';
import type { FakeObject } from './fake-store.ts';
import { exampleLaunch } from './launches.ts';
import { silentLog } from './silent-log.ts';

/** What must come out of a fixture. `observation` is what the runtime says; the others are of the failure in it. */
interface Expected {
  readonly observation: Observation['kind'] | EnsureOutcome['kind'];
  readonly waiting?: WaitingReason;
  readonly category?: FailureCategory;
  readonly reason?: FailureReason;
  readonly hint?: string;
  readonly exitCode?: number | null;
  readonly graceMs?: number;
  /** What an executor then decides, for a job with one retry of each budget. */
  readonly decision?: 'wait' | 'launched' | 'succeed' | 'retry' | 'fail' | 'cancel' | 'stop';
}

/** One way in which an attempt fails or waits: what Kubernetes shows of it, our intent, and what it must be taken for. */
export interface FailureFixture {
  /** The row of the catalogue in docs/errors.md. */
  readonly signal: string;
  /** `recorded on …`, or the source it was written after where no cluster of ours can produce it. */
  readonly source: string;
  /** What we had recorded of our own doing; absent: nothing. */
  readonly intent?: Pick<LiveAttempt, 'stopIntent'> | { readonly cancelled: true };
  readonly job: object | null;
  readonly pods: readonly object[];
  /** Uids of the pods that were deleted; the others exist. */
  readonly gone: readonly string[];
  readonly events: readonly object[];
  /** The job promises an output. */
  readonly declaresOutput?: true;
  /** The answer to the create, where it failed; `job` is then what stands under its name. */
  readonly answer?: { readonly status: number; readonly body: object };
  readonly expected: Expected;
}

const nowMs = Date.parse('2026-01-01T00:00:30Z');

/** A clock that is set to when each thing was seen first. */
const createSetClock = (): Clock & { set(ms: number): void } => {
  let atMs = nowMs;
  return {
    now: () => new Date(atMs),
    monotonicMs: () => atMs,
    setTimer: () => () => undefined,
    set: (ms) => void (atMs = ms),
  };
};

/** A pod whose deletion was asked for is seen so from that moment on. */
const seenFirstMs = ({ goneBy, graceMs }: PodView): number =>
  goneBy === null ? nowMs : Math.min(nowMs, goneBy.getTime() - graceMs);

const uidOf = (object: object): string => text(mapping(mapping(object, '')['metadata'], '')['uid'], 'uid');

const attemptOf = (object: object): AttemptId => {
  const meta = mapping(mapping(object, '')['metadata'], '');
  return attemptId(text(mapping(meta['labels'], '')[labels.attemptId], labels.attemptId));
};

/** What the runtime says of an attempt of which these objects are known, through its own store. */
export const replay = ({ job, pods, gone, events }: FailureFixture): Observation => {
  const clock = createSetClock();
  const store = createAttemptStore(clock, () => undefined);
  const first = job ?? pods[0];
  if (first === undefined) return { kind: 'absent' };
  if (job !== null) store.putJob(decodeJob(job));
  for (const pod of pods) {
    const view = decodePod(pod);
    clock.set(seenFirstMs(view));
    store.putPod(view);
    if (gone.includes(uidOf(pod))) store.dropPod(uidOf(pod));
  }
  clock.set(nowMs);
  for (const event of events) {
    const view = decodeEvent(event);
    if (view !== null) store.putEvent(view);
  }
  return observeAttempt(store.view(attemptOf(first)), nowMs);
};

/** What a refused create means. */
export const replayAnswer = ({ status, body }: NonNullable<FailureFixture['answer']>) =>
  judgeRefusal(failureOf(status, JSON.stringify(body), undefined, 0));

/** What the runtime answers to a create under whose name this Job stands already, asked of a server that has it. */
export const replayExisting = async (job: object): Promise<EnsureOutcome> => {
  const server = await startFakeApiServer();
  server.store.put('jobs', job as FakeObject);
  const launch = exampleLaunch();
  const identity = () => Promise.resolve({ headers: {}, tls: {} });
  const credentials = { server: server.url, source: 'fixture', identity, invalidate: () => undefined };
  const { installation } = launch;
  const options = { namespace: 'jobs', credentials, installation, log: silentLog };
  const runtime = await createKubernetesRuntime(options);
  try {
    return await runtime.ensure(launch, () => true);
  } finally {
    await runtime.close();
    await server.close();
  }
};
