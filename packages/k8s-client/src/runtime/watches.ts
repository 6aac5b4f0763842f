import type { OrchestratorError, Random } from '@job-orchestrator/types';
import { installationSelector } from '../labels.ts';
import { decodeEvent, decodeJob, decodePod } from '../observe/decode.ts';
import type { ApiFailure } from '../http/api-result.ts';
import type { WatchSource } from '../watch/lister.ts';
import { startReflector, type Reflector, type ReflectorTiming } from '../watch/reflector.ts';
import { textOr } from '../system-clock.ts';
import { uidOf, type ReflectorTarget } from '../watch/relist.ts';
import { unusable } from './cluster-key.ts';
import type { RuntimeContext } from './context.ts';
import type { Quarantine } from './quarantine.ts';

/** Which objects each watch sees, and where they go. Events only tell what keeps a Job from its pod, or a pod from its start, so their deletion says nothing. */
const jobTarget = ({ store }: RuntimeContext, quarantine: Quarantine): ReflectorTarget => {
  // What is deleted is gone, whether it can be read or not.
  const forget = (uid: string): void => {
    store.dropJob(uid);
    quarantine.forget('Job', uid);
  };
  return {
    upsert: (object) =>
      quarantine.around('Job', object, () => store.putJob(decodeJob(object, store.attemptOf))),
    remove: (object) => forget(textOr(uidOf(object), '')),
    known: () => new Set([...store.jobUids(), ...quarantine.uids('Job')]),
    forget,
    rewind: store.rewindJobs,
  };
};

const podTarget = ({ store }: RuntimeContext, quarantine: Quarantine): ReflectorTarget => {
  const forget = (uid: string): void => {
    store.dropPod(uid);
    quarantine.forget('Pod', uid);
  };
  const upsert = (object: unknown): void =>
    quarantine.around('Pod', object, () => store.putPod(decodePod(object, store.attemptOf)));
  return {
    upsert,
    // The last state comes with the deletion, and may be the only one that shows how the program ended.
    remove: (object) => {
      upsert(object);
      forget(textOr(uidOf(object), ''));
    },
    known: () => new Set([...store.podUids(), ...quarantine.uids('Pod')]),
    forget,
    rewind: store.rewindPods,
  };
};

/** Events of others stand in the same namespace; which are ours shows in what cannot be read, too. */
const namesIn = (event: unknown): readonly unknown[] => {
  const { metadata, involvedObject } = (event ?? {}) as Record<string, { readonly name?: unknown } | null>;
  return [metadata?.name, involvedObject?.name];
};

const eventTarget = ({ store, installation }: RuntimeContext, quarantine: Quarantine): ReflectorTarget => {
  const prefix = `jo-${installation.replaceAll('-', '').slice(-8)}-`;
  const upsert = (object: unknown): void => {
    if (!namesIn(object).some((name) => textOr(name, '').startsWith(prefix))) return;
    quarantine.around('Event', object, () => {
      const event = decodeEvent(object);
      if (event !== null) store.putEvent(event);
    });
  };
  const forget = (uid: string): void => quarantine.forget('Event', uid);
  return {
    upsert,
    remove: (object) => forget(textOr(uidOf(object), '')),
    known: () => new Set(quarantine.uids('Event')),
    forget,
    rewind: () => undefined,
  };
};

/** Warnings that no status repeats: what the scheduler and the image puller say stands in the pod, and comes in floods. */
const warnings = 'type=Warning,reason!=FailedScheduling,reason!=BackOff,reason!=Failed,reason!=Unhealthy';

export interface Watches {
  /** Resolves when all three are in sync; rejects with `runtime_unavailable` when Kubernetes says no, or nothing, for too long. */
  ready(limitMs: number): Promise<void>;
  /** For how long the view may be out of date, in milliseconds. */
  staleMs(): number;
  close(): Promise<void>;
}

/** Starts the watches of jobs, pods and events of one installation. */
export const startWatches = (
  context: RuntimeContext,
  quarantine: Quarantine,
  random: Random,
  timing: ReflectorTiming,
): Watches => {
  const { api, clock, log, paths } = context;
  const labelSelector = installationSelector(context.installation);
  let lastFailure: { what: string; failure: ApiFailure } | null = null;
  let giveUp = (_error: OrchestratorError): void => undefined;

  const start = (what: string, source: WatchSource, target: ReflectorTarget): Reflector => {
    const onFailure = (failure: ApiFailure): void => {
      lastFailure = { what, failure };
      // Missing rights and a missing namespace do not come by waiting.
      if (failure.kind === 'refused' || failure.kind === 'not_found')
        giveUp(unusable(`listing ${what}`, failure));
    };
    return startReflector({ api, source, target, clock, random, log, timing, onFailure });
  };
  const reflectors = [
    start('jobs', { path: paths.jobs, labelSelector }, jobTarget(context, quarantine)),
    start('pods', { path: paths.pods, labelSelector }, podTarget(context, quarantine)),
    start('events', { path: paths.events, fieldSelector: warnings }, eventTarget(context, quarantine)),
  ];

  const ready = (limitMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      giveUp = reject;
      const cancel = clock.setTimer(limitMs, () => {
        const nothing = {
          kind: 'unreachable',
          status: null,
          message: `no answer within ${limitMs} ms`,
        } as const;
        reject(unusable(`listing ${lastFailure?.what ?? 'jobs'}`, lastFailure?.failure ?? nothing));
      });
      void Promise.all(reflectors.map((reflector) => reflector.synced)).then(() => {
        cancel();
        resolve();
      });
    });
  return {
    ready,
    staleMs: () => Math.max(...reflectors.slice(0, 2).map((reflector) => reflector.staleMs())),
    close: async () => {
      await Promise.all(reflectors.map((reflector) => reflector.close()));
    },
  };
};
