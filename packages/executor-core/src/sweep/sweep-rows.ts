import type { AttemptId, LiveAttempt } from '@job-orchestrator/types';
import type { Life } from '../engine/life.ts';
import { pageSizes } from '../timing.ts';

const takeRow = (life: Life, row: LiveAttempt, askedMs: number): void => {
  const known = life.held.get(row.id);
  if (!known) {
    life.held.hold(row, { fresh: false, askedMs });
    life.look(row.id);
  } else if (row.cancelRequestedAt && !known.attempt.cancelRequestedAt) {
    known.attempt = { ...known.attempt, cancelRequestedAt: row.cancelRequestedAt };
    life.look(row.id);
  }
};

/**
 * Compares what we hold with our rows, page by page: a claim whose answer was lost is taken up, what is ours no longer is
 * dropped. A row that both sides know costs nothing.
 */
export const sweepRows = async (life: Life): Promise<void> => {
  const { clock, database } = life.deps;
  const missing = new Set<AttemptId>(life.held.all().map(({ attempt }) => attempt.id));
  let after: string | null = null;
  do {
    const askedMs = clock.monotonicMs();
    const page = await database.queue.ownAttempts(life.incarnation, { after, limit: pageSizes.rows });
    if (!life.alive()) return;
    for (const row of page.items) {
      missing.delete(row.id);
      takeRow(life, row, askedMs);
    }
    after = page.next;
  } while (after !== null);
  missing.forEach((id) => life.letGo(id, 'not_ours'));
};
