import type { SoleTopic } from '../sql/claim-from-topic.ts';
import { beginning, type ClaimedRow, type Mark, type Segment } from '../sql/claim-jobs.ts';

/** A scan from the beginning may cost up to this share of all claims' time: one in twenty. */
const shareOfFullScans = 20;
/**
 * And it never comes later than this, whatever the last one seemed to cost: what it cost may have been waiting, for a
 * lock, a connection, or a process that stood still. It is less than the 5 s of the safety poll, so that the next poll
 * after a job was left behind a mark finds it.
 */
const fullScanWithinMs = 4_000;
/** Below this a scan from the beginning is cheap: no dead rows to speak of. */
const cheapMs = 50;
/** Priorities of one topic that are remembered apart; with more, the topic is scanned from its beginning. */
const ranksMost = 32;
/** With several open topics, claims that take one for the only one are in vain; one a second costs nothing. */
const severalTopicsMs = 1_000;

/**
 * How far the claims of this process have come, per topic and priority: everything before a mark was claimed already.
 * While another session holds an old snapshot, the index keeps an entry for each claimed job, and a claim that starts
 * at the beginning walks over all of them.
 *
 * A mark is a guess. A transaction that committed late, or a claim rolled back, leaves a job behind it. So a scan from
 * the beginning follows as soon as twenty times the cost of the last one has passed: with healthy dead rows within
 * milliseconds, with millions of them seldom enough to cost 5 %; but always within `fullScanWithinMs`.
 */
export interface ClaimMarks {
  /** Where to start now; empty: at the beginning of every topic. */
  segments(nowMs: number): readonly Segment[];
  /** The topic that all claimed jobs came from since the last scan from the beginning, with one priority; null: none such. */
  soleTopic(nowMs: number): SoleTopic | null;
  /** A claim from it gave nothing: for a second the topic does not count as the only one. */
  soleTopicGaveNothing(nowMs: number): void;
  /** True while a scan from the beginning costs so little that a claim that came back short should add one. */
  fullScanIsCheap(): boolean;
  /** What a claim gave, and what it cost. */
  note(claimed: readonly ClaimedRow[], full: boolean, startedMs: number, endedMs: number): void;
}

const lowestRank = 32_767;

/** The segments between the marks of one topic: behind each mark, up to the rank of the next one. */
const segmentsOf = (topicId: number, marks: ReadonlyMap<number, Mark>): readonly Segment[] => {
  const ranks = [...marks.keys()].toSorted((a, b) => a - b);
  const first = ranks[0] ?? lowestRank;
  return [
    { ...beginning, topicId, untilRank: first },
    ...[...ranks.entries()].map(([index, rank]) => ({
      ...(marks.get(rank) ?? { ...beginning, rank }),
      topicId,
      untilRank: ranks[index + 1] ?? lowestRank,
    })),
  ];
};

/** New marks, which know nothing. */
export const createClaimMarks = (): ClaimMarks => {
  const topics = new Map<number, Map<number, Mark>>();
  let fullScanDueMs = 0;
  let fullScanMs = 0;
  let severalUntilMs = 0;

  const remember = ({ topicId, rank, runAt, jobId }: ClaimedRow): void => {
    const marks = topics.get(topicId) ?? new Map<number, Mark>();
    const mark = marks.get(rank);
    if (mark !== undefined && (mark.runAt > runAt || (+mark.runAt === +runAt && mark.id > jobId))) return;
    marks.set(rank, { rank, runAt, id: jobId });
    if (marks.size > ranksMost) topics.delete(topicId);
    else topics.set(topicId, marks);
  };

  return {
    segments: (nowMs) =>
      nowMs >= fullScanDueMs ? [] : [...topics].flatMap(([topicId, marks]) => segmentsOf(topicId, marks)),
    soleTopic: (nowMs) => {
      const [only, ...others] = [...topics].flatMap(([id, marks]) =>
        [...marks.values()].map((mark) => ({ id, mark })),
      );
      if (nowMs < severalUntilMs || only === undefined || others.length > 0) return null;
      return { topicId: only.id, from: nowMs >= fullScanDueMs ? null : only.mark };
    },
    soleTopicGaveNothing: (nowMs) => void (severalUntilMs = nowMs + severalTopicsMs),
    fullScanIsCheap: () => fullScanMs < cheapMs,
    note: (claimed, full, startedMs, endedMs) => {
      if (full) {
        fullScanMs = endedMs - startedMs;
        fullScanDueMs = endedMs + Math.min(fullScanMs * shareOfFullScans, fullScanWithinMs);
        topics.clear();
      }
      claimed.forEach(remember);
    },
  };
};
