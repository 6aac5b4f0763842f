import type { AttemptWrite, ClosingDecision } from '@job-orchestrator/types';
import type { Ending } from '../sql/end-attempts.ts';
import type { Requeuing } from '../sql/requeue-attempts.ts';
import type { RunningWrite, WaitingWrite } from '../sql/update-attempts.ts';

type Write<Kind extends AttemptWrite['kind']> = Extract<AttemptWrite, { kind: Kind }>;

/** Writes that one statement per list can store: no attempt stands in a wave twice; each list is in order of id. */
export interface Wave {
  readonly launched: Write<'launched'>[];
  readonly waiting: WaitingWrite[];
  readonly running: RunningWrite[];
  readonly stopping: Write<'stopping'>[];
  readonly finalizing: Write<'finalizing'>[];
  readonly requeued: Requeuing[];
  readonly ended: Ending[];
}

const emptyWave = (): Wave => ({
  launched: [],
  waiting: [],
  running: [],
  stopping: [],
  finalizing: [],
  requeued: [],
  ended: [],
});

const requeuing = (
  write: Write<'closed'>,
  decision: Extract<ClosingDecision, { kind: 'retry' }>,
): Requeuing => ({
  attemptId: write.attemptId,
  kind: 'retry_scheduled',
  attemptState: decision.lost ? 'lost' : 'failed',
  chargedTo: decision.chargedTo,
  delayMs: decision.delayMs,
  exit: decision.exit,
  failure: decision.failure,
  log: write.log,
  reason: write.reason,
});

const release = ({ attemptId, delayMs, reason }: Write<'released'>): Requeuing => ({
  attemptId,
  kind: 'released',
  attemptState: 'cancelled',
  chargedTo: 'none',
  delayMs,
  exit: null,
  failure: null,
  log: null,
  reason,
});

const outcome = (
  decision: Exclude<ClosingDecision, { kind: 'retry' }>,
): Pick<Ending, 'state' | 'attemptState' | 'failure' | 'output'> => {
  switch (decision.kind) {
    case 'succeed': {
      const { output } = decision.exit;
      return {
        state: 'completed',
        attemptState: 'succeeded',
        failure: null,
        output: output.kind === 'ready' ? output.result : null,
      };
    }
    case 'fail':
      return {
        state: 'failed',
        attemptState: decision.lost ? 'lost' : 'failed',
        failure: decision.failure,
        output: null,
      };
    case 'cancel':
      return {
        state: 'cancelled',
        attemptState: 'cancelled',
        // The job says why: the reason was stored with the cancel.
        failure: null,
        output: null,
      };
  }
};

const close = (wave: Wave, write: Write<'closed'>): void => {
  const { decision, attemptId, log, reason } = write;
  if (decision.kind === 'retry') wave.requeued.push(requeuing(write, decision));
  else wave.ended.push({ attemptId, log, reason, exit: decision.exit, ...outcome(decision) });
};

const progress = (wave: Wave, { attemptId, progress: step }: Write<'progressed'>): void => {
  if (step.kind === 'waiting') wave.waiting.push({ attemptId, ...step.waiting });
  else wave.running.push({ attemptId, startedAt: step.startedAt, node: step.node });
};

const add = (wave: Wave, write: AttemptWrite): void => {
  switch (write.kind) {
    case 'launched':
      wave.launched.push(write);
      return;
    case 'progressed':
      progress(wave, write);
      return;
    case 'stopping':
      wave.stopping.push(write);
      return;
    case 'finalizing':
      wave.finalizing.push(write);
      return;
    case 'released':
      wave.requeued.push(release(write));
      return;
    case 'closed':
      close(wave, write);
  }
};

const byAttempt = (a: AttemptWrite, b: AttemptWrite): number =>
  a.attemptId < b.attemptId ? -1 : Number(a.attemptId > b.attemptId);

/**
 * Divides writes into waves: the first write of each attempt, the second, and so on. Nearly always there is one wave.
 * Ascending ids are the lock order.
 */
export const planWaves = (writes: readonly AttemptWrite[]): readonly Wave[] => {
  const waves: Wave[] = [];
  const seen = new Map<string, number>();
  for (const write of writes.toSorted(byAttempt)) {
    const turn = seen.get(write.attemptId) ?? 0;
    seen.set(write.attemptId, turn + 1);
    waves[turn] ??= emptyWave();
    add(waves[turn], write);
  }
  return waves;
};

/** How many statements the waves take. */
export const statementCount = (waves: readonly Wave[]): number =>
  waves
    .flatMap((wave) => Object.values(wave) as readonly (readonly unknown[])[])
    .filter((list) => list.length > 0).length;

/** A requeuing whose job is to be cancelled: it ends instead. */
export const endInstead = ({
  attemptId,
  attemptState,
  exit,
  failure: why,
  log,
  reason,
}: Requeuing): Ending => ({
  attemptId,
  state: 'cancelled',
  attemptState,
  exit,
  failure: why,
  output: null,
  log,
  reason,
});
