import type { AttemptId, LiveAttempt } from '@job-orchestrator/types';
import type { Life } from '../engine/life.ts';
import { pageSizes } from '../timing.ts';

const takeRow = (life: Life, row: LiveAttempt): void => {
  const known = life.held.get(row.id);
  if (!known) {
    life.held.hold(row, false);
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
  const { queue } = life.deps.database;
  const missing = new Set<AttemptId>(life.held.all().map(({ attempt }) => attempt.id));
  let after: string | null = null;
  do {
    const page = await queue.ownAttempts(life.incarnation, { after, limit: pageSizes.rows });
    if (!life.alive()) return;
    for (const row of page.items) {
      missing.delete(row.id);
      takeRow(life, row);
    }
    after = page.next;
  } while (after !== null);
  missing.forEach((id) => life.letGo(id));
};
