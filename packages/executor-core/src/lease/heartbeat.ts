import {
  beatMs,
  type BeatAnswer,
  type Clock,
  type ExecutorRepository,
  type IncarnationId,
  type Logger,
} from '@job-orchestrator/types';
import { withTimeout } from '../queue/waiting.ts';
import type { DatabaseTime } from './database-time.ts';
import type { Lease } from './lease.ts';

/** What a heartbeat needs, and whom it tells. */
export interface HeartbeatOptions {
  readonly executors: ExecutorRepository;
  readonly clock: Clock;
  readonly log: Logger;
  readonly incarnation: IncarnationId;
  /** The nonce that was registered. */
  readonly nonce: string;
  readonly newNonce: () => string;
  readonly lease: Lease;
  readonly time: DatabaseTime;
  readonly onLost: () => void;
  readonly onWentBack: () => void;
}

/** After a beat without an answer the next comes sooner, so that three fit into one lease. */
const hurriedBeatMs = 1_000;

type Answer = BeatAnswer | { readonly kind: 'no_answer' };

/**
 * Renews the lease by compare-and-set of a nonce. A beat whose answer was lost may have been applied: the same nonce is
 * sent until it is confirmed, and only when neither it nor the one before is there has the database gone back in time.
 */
export const createHeartbeat = (options: HeartbeatOptions): { beat(): Promise<void>; stop(): void } => {
  const { executors, clock, log, incarnation, lease, time } = options;
  let stopped = false;
  let known = options.nonce;
  let sent: string | null = null;
  let cancel: () => void = () => undefined;

  const send = async (from: string, to: string): Promise<Answer> => {
    const sentAtMs = clock.monotonicMs();
    try {
      const lost = { kind: 'no_answer' } as const;
      const answer = await withTimeout(clock, beatMs, executors.beat(incarnation, from, to), lost);
      if (stopped || answer.kind !== 'renewed') return answer;
      lease.renewed(sentAtMs);
      time.told(answer.at);
      return answer;
    } catch (error) {
      if (!stopped) log.warn({ error: String(error) }, 'a beat failed');
      return { kind: 'no_answer' };
    }
  };
  const swap = async (): Promise<Answer> => {
    const doubtful = sent !== null;
    const next = sent ?? options.newNonce();
    sent = next;
    const first = await send(known, next);
    const answer = first.kind === 'database_went_back' && doubtful ? await send(next, next) : first;
    if (answer.kind === 'renewed') [known, sent] = [next, null];
    return answer;
  };
  const beat = async (): Promise<void> => {
    const answer = await swap();
    if (stopped) return;
    if (answer.kind === 'lost') return options.onLost();
    if (answer.kind === 'database_went_back') return options.onWentBack();
    cancel = clock.setTimer(answer.kind === 'renewed' ? beatMs : hurriedBeatMs, () => void beat());
  };
  return {
    beat,
    stop: () => {
      stopped = true;
      cancel();
    },
  };
};
