import type { ApiClient } from '../../http/api-client.ts';
import { pathsOf } from '../../http/paths.ts';
import { labels } from '../../labels.ts';
import { systemClock } from '../../system-clock.ts';
import { defaultTiming, startReflector, type Reflector } from '../../watch/reflector.ts';
import type { FailureFixture } from '../fixture.ts';
import { silentLog } from '../silent-log.ts';

type Objects = Pick<FailureFixture, 'job' | 'pods' | 'gone' | 'events'>;

interface Raw {
  readonly metadata: {
    readonly uid: string;
    readonly name: string;
    readonly labels?: Record<string, string>;
  };
  readonly involvedObject?: { readonly name: string };
}

/** The newest state of every object of a namespace, as the server sent it. */
export interface RawWatch {
  /** What is known of one attempt. */
  of(attempt: string): Objects;
  close(): Promise<void>;
}

interface Shelf {
  readonly latest: Map<string, Raw>;
  readonly gone: Set<string>;
}

/** Watches jobs, pods and events of a namespace. */
export const watchRaw = async (api: ApiClient, namespace: string): Promise<RawWatch> => {
  const paths = pathsOf(namespace);
  const start = (path: string): Shelf & { reflector: Reflector } => {
    const latest = new Map<string, Raw>();
    const gone = new Set<string>();
    const target = {
      upsert: (object: unknown) => void latest.set((object as Raw).metadata.uid, object as Raw),
      remove: (object: unknown) => {
        latest.set((object as Raw).metadata.uid, object as Raw);
        gone.add((object as Raw).metadata.uid);
      },
      known: () => new Set<string>(),
      forget: () => undefined,
      rewind: () => undefined,
    };
    const reflector = startReflector({
      api,
      source: { path },
      target,
      clock: systemClock,
      random: Math.random,
      log: silentLog,
      timing: defaultTiming,
    });
    return { latest, gone, reflector };
  };
  const [jobs, pods, events] = [start(paths.jobs), start(paths.pods), start(paths.events)];
  const all = [jobs, pods, events];
  await Promise.all(all.map(({ reflector }) => reflector.synced));
  return {
    of: (attempt) => {
      const ours = ({ metadata }: Raw): boolean => metadata.labels?.[labels.attemptId] === attempt;
      const job = [...jobs.latest.values()].findLast(ours);
      const itsPods = [...pods.latest.values()].filter(ours);
      const names = new Set([job, ...itsPods].map((object) => object?.metadata.name));
      const lives = job !== undefined && !jobs.gone.has(job.metadata.uid);
      const left = lives ? itsPods : itsPods.filter(({ metadata }) => !pods.gone.has(metadata.uid));
      return {
        job: lives ? job : null,
        pods: left,
        gone: left.map(({ metadata }) => metadata.uid).filter((uid) => pods.gone.has(uid)),
        events: [...events.latest.values()].filter((event) => names.has(event.involvedObject?.name)),
      };
    },
    close: async () => {
      await Promise.all(all.map(({ reflector }) => reflector.close()));
    },
  };
};
