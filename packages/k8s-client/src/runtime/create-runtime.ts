import {
  unreadLog,
  type AttemptId,
  type AttemptRef,
  type Clock,
  type InstallationId,
  type JobRuntime,
  type Logger,
  type LogSource,
  type LogTail,
  type Random,
} from '@job-orchestrator/types';
import { collectOutput } from '../collector/collect-output.ts';
import type { CollectorSettings } from '../collector/container.ts';
import type { Credentials } from '../credentials/credentials.ts';
import { createApiClient, type ApiClient } from '../http/api-client.ts';
import { pathsOf } from '../http/paths.ts';
import type { RateLimit } from '../http/token-bucket.ts';
import { createLogCaptures, type LogCaptures } from '../logs/captures.ts';
import { followLog } from '../logs/follow-log.ts';
import { readLogTail } from '../logs/log-tail.ts';
import { messageOf, systemClock } from '../system-clock.ts';
import { defaultTiming, type ReflectorTiming } from '../watch/reflector.ts';
import { createAttemptStore } from './attempt-store.ts';
import { clusterKey } from './cluster-key.ts';
import type { RuntimeContext } from './context.ts';
import { ensureJob } from './ensure.ts';
import { askForPod, findPod, nameOfPod, type FoundPod } from './find-pod.ts';
import { longestStaleMs, observeJob } from './observe-job.ts';
import { createQuarantine } from './quarantine.ts';
import { removeJob } from './remove.ts';
import { stopJob } from './stop.ts';
import { startWatches, type Watches } from './watches.ts';

export interface KubernetesOptions {
  readonly namespace: string;
  readonly credentials: Credentials;
  readonly installation: InstallationId;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  /** What collects outputs; null or absent: jobs that declare one are refused. */
  readonly collector?: CollectorSettings | null;
  /** How many launches a second its requests must keep up with; 20 unless given. */
  readonly launchesPerSecond?: number;
  readonly timing?: ReflectorTiming;
  /** How long the first full view may take, in milliseconds. */
  readonly startLimitMs?: number;
}

/**
 * A job costs the API server three requests of ours (create, log, delete); five for each launch leave room for watches,
 * cancels and the janitor. Never less than 100 a second: adopting many attempts launches nothing, and asks as well.
 */
const requestRate = (launchesPerSecond: number): RateLimit => {
  const perSecond = Math.max(100, 5 * launchesPerSecond);
  return { perSecond, burst: 2 * perSecond };
};

const defaultStartLimitMs = 30_000;
const podFinder =
  (context: RuntimeContext) =>
  async (ref: AttemptRef): Promise<string | null> =>
    nameOfPod(await findPod(context, ref));

const readTail = async (
  { api, paths, clock }: RuntimeContext,
  found: FoundPod,
  maxBytes: number,
): Promise<LogTail | null> => {
  if (found.kind === 'found') return readLogTail({ api, paths, clock, pod: found.name }, maxBytes);
  return found.kind === 'unknown' ? unreadLog : null;
};

/** What the pod's status kept of a failed program's log: its end, and maybe all of it. */
const keptTail = (context: RuntimeContext, ref: AttemptRef): LogTail | null => {
  const kept = context.store.view(ref.attemptId).pods.find((each) => each.main.state.kind === 'terminated');
  if (kept?.main.state.kind !== 'terminated' || kept.main.state.message === '') return null;
  const bytes = new Uint8Array(Buffer.from(kept.main.state.message));
  return { bytes, totalBytes: bytes.length, extent: 'at_least' };
};

const hasEnd = (tail: LogTail | null): tail is LogTail => tail !== null && tail.extent !== 'end_missing';

/** The log as long as the pod exists, then what was captured while it was stopped, then what its status kept. */
const tailOf = async (
  context: RuntimeContext,
  captures: LogCaptures,
  ref: AttemptRef,
  maxBytes: number,
): Promise<LogTail | null> => {
  const read = await readTail(context, await findPod(context, ref), maxBytes);
  if (hasEnd(read)) return read;
  const captured = captures.get(ref.attemptId);
  const [kept] = [captured, keptTail(context, ref)].filter(hasEnd);
  const best = kept ?? captured ?? read;
  return best && { ...best, bytes: best.bytes.slice(Math.max(0, best.bytes.length - maxBytes)) };
};

const assemble = (
  context: RuntimeContext,
  key: string,
  options: KubernetesOptions,
  listen: (onChange: (attempt: AttemptId) => void) => void,
): JobRuntime & LogSource => {
  const { api, paths, clock, store } = context;
  const captures = createLogCaptures(api, paths, clock, podFinder(context));
  let watches: Watches | null = null;
  return {
    kind: 'kubernetes',
    key,
    start: async (onChange) => {
      listen(onChange);
      const started = startWatches(
        context,
        context.quarantine,
        options.random ?? Math.random,
        options.timing ?? defaultTiming,
      );
      try {
        await started.ready(options.startLimitMs ?? defaultStartLimitMs);
        watches = started;
      } catch (error) {
        await started.close();
        throw error;
      }
    },
    ensure: (launch, mayCreate) => ensureJob(context, launch, mayCreate),
    observe: (ref) => observeJob(context, watches, ref),
    setAside: () => Promise.resolve(context.quarantine.list()),
    stop: (ref) => stopJob(context, captures, ref),
    logTail: (ref, maxBytes) => tailOf(context, captures, ref, maxBytes),
    collectOutput: (ref) => collectOutput(context, ref),
    remove: async (ref) => {
      const gone = await removeJob(context, ref);
      if (gone) captures.forget(ref.attemptId);
      return gone;
    },
    list: async () => {
      if (watches === null || watches.staleMs() > longestStaleMs) return null;
      return store.jobs().map(({ attempt, uid, name }) => ({ ...attempt, object: { uid, name } }));
    },
    open: async (ref, request) => {
      const pod = await podFinder(context)(ref);
      return pod === null ? null : followLog(api, paths, clock, pod, request);
    },
    close: async () => {
      captures.close();
      await watches?.close();
      await api.close();
    },
  };
};

const contextOf = (
  options: KubernetesOptions,
  api: ApiClient,
  onChange: (attempt: AttemptId) => void,
): RuntimeContext => {
  const clock = options.clock ?? systemClock;
  const { namespace, installation, log } = options;
  return {
    api,
    paths: pathsOf(namespace),
    namespace,
    installation,
    store: createAttemptStore(clock, onChange),
    quarantine: createQuarantine(log, onChange),
    collector: options.collector ?? null,
    clock,
    log,
  };
};

/**
 * Runs attempts as Kubernetes Jobs of one namespace. Finds out at once which cluster and namespace this is (`key`), hence
 * the promise; `start` begins to watch. Throws `runtime_unavailable`.
 */
export const createKubernetesRuntime = async (
  options: KubernetesOptions,
): Promise<JobRuntime & LogSource> => {
  const { credentials, log, clock, launchesPerSecond = 20 } = options;
  const api = createApiClient({
    credentials,
    rate: requestRate(launchesPerSecond),
    ...(clock === undefined ? {} : { clock }),
  });
  let listener = (_attempt: AttemptId): void => undefined;
  const onChange = (attempt: AttemptId): void => {
    try {
      listener(attempt);
    } catch (error) {
      log.error({ attempt, error: messageOf(error) }, 'a listener of the runtime failed');
    }
  };
  const context = contextOf(options, api, onChange);
  try {
    const key = await clusterKey(api, context.paths, options.namespace);
    return assemble(context, key, options, (given) => void (listener = given));
  } catch (error) {
    await api.close();
    throw error;
  }
};

/** Reads logs of attempts without watching anything: what the API needs. `pods` get and list, `pods/log` get. */
export const createKubernetesLogs = (
  options: Pick<KubernetesOptions, 'namespace' | 'credentials' | 'clock'>,
): LogSource & { close(): Promise<void> } => {
  const { namespace, credentials, clock = systemClock } = options;
  const api = createApiClient({ credentials, clock });
  const paths = pathsOf(namespace);
  return {
    open: async (ref, request) => {
      const pod = nameOfPod(await askForPod(api, paths, ref));
      return pod === null ? null : followLog(api, paths, clock, pod, request);
    },
    close: () => api.close(),
  };
};
