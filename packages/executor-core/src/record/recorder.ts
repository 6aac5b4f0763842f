import {
  isOrchestratorError,
  type AppliedWrites,
  type AttemptWrite,
  type Clock,
} from '@job-orchestrator/types';

/** What became of a write. `stale`: the attempt is not ours any more, or the executor's life is over: drop it. */
export type Recorded = 'applied' | 'stale';

/** Collects writes of many attempts into few transactions. */
export interface Recorder {
  /** Stores a write. Rejects when the database refuses or cannot answer; then nothing is known of it. */
  record(write: AttemptWrite): Promise<Recorded>;
  /** How many writes wait or are under way. */
  size(): number;
  end(): void;
}

interface Pending {
  readonly write: AttemptWrite;
  readonly resolve: (recorded: Recorded) => void;
  readonly reject: (error: unknown) => void;
}

/** What a recorder writes through. */
interface RecorderOptions {
  readonly clock: Clock;
  readonly apply: (writes: readonly AttemptWrite[]) => Promise<AppliedWrites>;
}

/** Most writes in one transaction. */
const batchMost = 200;
/**
 * When a batch had company, the next one waits this long for more; a lone write waits for nothing. With 24 jobs that
 * start and end at once, 3 ms left a third of both cores idle, and 1 ms a quarter: 3,700 and 4,500 jobs a second.
 */
const windowMs = 1;

/** The next batch: at most one write of each attempt, so that two of them keep their order. */
const takeBatch = (waiting: Pending[]): readonly Pending[] => {
  const batch = new Map<string, Pending>();
  for (const each of waiting) {
    if (batch.size >= batchMost) break;
    if (!batch.has(each.write.attemptId)) batch.set(each.write.attemptId, each);
  }
  const taken = new Set(batch.values());
  waiting.splice(0, waiting.length, ...waiting.filter((each) => !taken.has(each)));
  return [...taken];
};

/** Not the writes are at fault: no part of the batch would fare better. */
const unusable: ReadonlySet<string> = new Set(['database_unavailable', 'database_right_missing']);

/** Applies a batch; one that the database refuses is halved until the bad write stands alone, and only that one fails. */
const applyBatch = async (apply: RecorderOptions['apply'], batch: readonly Pending[]): Promise<void> => {
  try {
    const { applied } = await apply(batch.map(({ write }) => write));
    const ids = new Set<string>(applied);
    batch.forEach(({ write, resolve }) => resolve(ids.has(write.attemptId) ? 'applied' : 'stale'));
  } catch (error) {
    const down = isOrchestratorError(error) && unusable.has(error.code);
    if (batch.length === 1 || down) return batch.forEach(({ reject }) => reject(error));
    const half = Math.ceil(batch.length / 2);
    await applyBatch(apply, batch.slice(0, half));
    await applyBatch(apply, batch.slice(half));
  }
};

/** One batch is under way at a time; what comes meanwhile makes up the next one. */
export const createRecorder = ({ clock, apply }: RecorderOptions): Recorder => {
  const waiting: Pending[] = [];
  let underWay = 0;
  let flushing = false;
  let ended = false;

  const flush = async (): Promise<void> => {
    const batch = takeBatch(waiting);
    underWay = batch.length;
    if (batch.length > 0) await applyBatch(apply, batch);
    underWay = 0;
    if (waiting.length === 0) flushing = false;
    else if (batch.length > 1) clock.setTimer(windowMs, () => void flush());
    else void Promise.resolve().then(flush);
  };
  return {
    record: (write) =>
      new Promise((resolve, reject) => {
        if (ended) return resolve('stale');
        waiting.push({ write, resolve, reject });
        if (flushing) return;
        flushing = true;
        void Promise.resolve().then(flush);
      }),
    size: () => waiting.length + underWay,
    end: () => {
      ended = true;
      waiting.splice(0).forEach(({ resolve }) => resolve('stale'));
    },
  };
};
