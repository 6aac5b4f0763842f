import {
  attemptId,
  installationId,
  jobId as asJobId,
  leaseMs,
  OrchestratorError,
  type AttemptId,
  type IncarnationId,
  type InstallationId,
  type JobQueueRepository,
  type PageRequest,
  type WakeUps,
} from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import { onlyRow, type Store } from '../connection/sql.ts';
import { adoptAttempts } from '../sql/adopt-attempts.ts';
import { cancelJob, lockJob } from '../sql/cancel-job.ts';
import { claimFromTopic, type SoleTopic } from '../sql/claim-from-topic.ts';
import { claimJobs, type ClaimedRow, type ClaimRequest, type Segment } from '../sql/claim-jobs.ts';
import { isTooNew, limitedTopics, lockCounter, mendCounter } from '../sql/counters.ts';
import { toClaimedAttempt, toLiveAttempt } from '../sql/live-rows.ts';
import { expireQueued, nextDue, promoteDue } from '../sql/queue-upkeep.ts';
import { attemptFates, cancelRequests, ownAttempts } from '../sql/read-attempts.ts';
import { finishedJob } from '../sql/read-jobs.ts';
import { applyWrites } from './apply-writes.ts';
import { createClaimMarks, type ClaimMarks } from './claim-marks.ts';
import { pageOf } from './cursors.ts';
import { findReplay, insertJobs } from './insert-jobs.ts';
import type { QueueDepths } from './queue-depths.ts';

export interface QueueOptions {
  readonly store: Store;
  readonly wakeUps: WakeUps;
  readonly depths: QueueDepths;
  /** The folder lock is the lease (embedded): nobody needs to wait before judging an expiry. */
  readonly sole: boolean;
}

const least = '00000000-0000-0000-0000-000000000000';

const readInstallation = async (store: Store): Promise<InstallationId> => {
  const rows = await withRetries('repeatable', () =>
    store.run<{ id: string }>({ text: 'select id from installation' }),
  );
  return installationId(onlyRow(rows).id);
};

/** One topic at a time, each in a transaction of its own, so that no claim waits long. */
const auditCounters = async (store: Store): Promise<readonly string[]> => {
  const wrong: string[] = [];
  for (const topicId of await limitedTopics(store)) {
    const mended = await withRetries('repeatable', () =>
      store.transaction(async (sql) => {
        await lockCounter(sql, topicId);
        return (await isTooNew(sql, topicId)) ? null : mendCounter(sql, topicId);
      }),
    );
    if (mended !== null)
      wrong.push(mended.project === 'default' ? mended.name : `${mended.project}/${mended.name}`);
  }
  return wrong;
};

/** Claims of one request, each noted by the marks. */
const createScans = (store: Store, marks: ClaimMarks, request: ClaimRequest) => {
  const noted = async (full: boolean, run: () => Promise<readonly ClaimedRow[]>) => {
    const started = performance.now();
    const claimed = await withRetries('once', run);
    marks.note(claimed, full, started, performance.now());
    return claimed;
  };
  return {
    topic: (sole: SoleTopic) => noted(sole.from === null, () => claimFromTopic(store, request, sole)),
    all: (limit: number, segments: readonly Segment[]) =>
      noted(segments.length === 0, () => claimJobs(store, { ...request, limit, segments })),
  };
};

/** From the only open topic, where the last claims say that there is only one; otherwise, or for the rest, from all. */
const claimRows = async (
  store: Store,
  marks: ClaimMarks,
  request: ClaimRequest,
): Promise<readonly ClaimedRow[]> => {
  const { limit } = request;
  const scan = createScans(store, marks, request);
  const sole = marks.soleTopic(performance.now());
  const quick = sole === null ? [] : await scan.topic(sole);
  if (sole !== null && quick.length === 0) marks.soleTopicGaveNothing(performance.now());
  const wasFull = sole !== null && sole.from === null;
  if (quick.length === limit || (quick.length > 0 && (wasFull || !marks.fullScanIsCheap()))) return quick;
  const segments = quick.length > 0 ? [] : marks.segments(performance.now());
  const first = await scan.all(limit - quick.length, segments);
  const left = limit - quick.length - first.length;
  const again = segments.length > 0 && left > 0 && marks.fullScanIsCheap();
  return [...quick, ...first, ...(again ? await scan.all(left, []) : [])];
};

const claim = async (
  { store, wakeUps }: QueueOptions,
  marks: ClaimMarks,
  request: Parameters<JobQueueRepository['claimJobs']>[0],
) => {
  if (request.limit < 1) return [];
  const rows = await claimRows(store, marks, request);
  if (rows.some(({ slotsLeft }) => slotsLeft)) wakeUps.send('jobs');
  return rows.map(toClaimedAttempt);
};

/** Jobs ended, and nodes of DAG runs may be among them. */
const sendEnded = (wakeUps: WakeUps): void => {
  wakeUps.send('finished');
  wakeUps.send('dags');
};

const cancel = async (
  { store, wakeUps }: QueueOptions,
  [job, context]: Parameters<JobQueueRepository['requestCancel']>,
) => {
  const { state } = await withRetries('repeatable', () =>
    store.transaction(async (sql) => {
      await lockJob(sql, job);
      return cancelJob(sql, job, context);
    }),
  );
  if (state !== null) {
    if (state === 'cancelled') sendEnded(wakeUps);
    else wakeUps.send('cancel');
    return { kind: 'accepted', state } as const;
  }
  const finished = await withRetries('repeatable', () => finishedJob(store, job));
  if (finished === null) throw new OrchestratorError('job_not_found', `There is no job ${job}.`);
  return { kind: 'too_late', state: finished.state } as const;
};

/** What only reads, or only mends what people never see. */
const createUpkeep = ({ store, wakeUps }: QueueOptions) =>
  ({
    promoteDue: async (limit: number) => {
      const promoted = await withRetries('repeatable', () => promoteDue(store, limit));
      if (promoted > 0) wakeUps.send('jobs');
      return promoted;
    },
    nextDue: async (topics: readonly string[] | null) => {
      const inMs = await withRetries('repeatable', () => nextDue(store, topics));
      return inMs === null ? null : { inMs };
    },
    expireQueued: async (limit: number) => {
      const ids = await withRetries('repeatable', () => expireQueued(store, limit));
      if (ids.length > 0) sendEnded(wakeUps);
      return ids.map(asJobId);
    },
    ownAttempts: (owner: IncarnationId, page: PageRequest) =>
      pageOf(
        page,
        async (after, limit) => {
          const start = after === null ? least : (after[0] ?? '');
          return (await withRetries('repeatable', () => ownAttempts(store, owner, start, limit))).map(
            toLiveAttempt,
          );
        },
        ({ id }) => [id],
      ),
    cancelRequests: (owner: IncarnationId) => withRetries('repeatable', () => cancelRequests(store, owner)),
    attemptFates: async (ids: readonly AttemptId[]) => {
      if (ids.length === 0) return [];
      const fates = await withRetries('repeatable', () => attemptFates(store, ids));
      return fates.map(({ id, kind, closedForSeconds }) => ({
        attemptId: attemptId(id),
        kind,
        closedForSeconds,
      }));
    },
    auditCounters: async () => {
      const wrong = await auditCounters(store);
      if (wrong.length > 0) wakeUps.send('jobs');
      return wrong;
    },
  }) satisfies Partial<JobQueueRepository>;

/** The queue on one database. */
export const createQueue = (options: QueueOptions): JobQueueRepository => {
  const { store, wakeUps, depths, sole } = options;
  const marks = createClaimMarks();
  let installation: Promise<InstallationId> | null = null;
  const mayJudge = (): boolean => sole || performance.now() - (store.lostAt() ?? -Infinity) > leaseMs;

  return {
    ...createUpkeep(options),
    installation: () =>
      (installation ??= readInstallation(store).catch((error: unknown) => {
        installation = null;
        throw error;
      })),
    insertJobs: async (jobs, context, key) => {
      await withRetries('repeatable', () => depths.admit(store, jobs));
      const answer = await insertJobs(store, jobs, context, key);
      if (!answer.replayed && jobs.length > 0) wakeUps.send('jobs');
      return answer;
    },
    findReplay: (project, key) => withRetries('repeatable', () => findReplay(store, project, key)),
    claimJobs: (request) => claim(options, marks, request),
    applyWrites: async (owner, writes) => {
      if (writes.length === 0) return { applied: [], stale: [] };
      const { applied, stale, claimable, ended, ofDags } = await applyWrites(store, owner, writes);
      if (claimable) wakeUps.send('jobs');
      if (ended) wakeUps.send('finished');
      if (ofDags) wakeUps.send('dags');
      return { applied, stale };
    },
    requestCancel: (...request) => cancel(options, request),
    adoptAttempts: async (request) => {
      const grace = sole ? -1 : leaseMs;
      const rows = await withRetries('once', () => adoptAttempts(store, request, mayJudge(), grace));
      return rows.map(toLiveAttempt);
    },
  };
};
