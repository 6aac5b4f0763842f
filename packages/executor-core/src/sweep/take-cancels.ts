import type { Life } from '../engine/life.ts';

/** Takes note of the cancels that were asked for; each attempt is then stopped by its next decision. */
export const takeCancels = async (life: Life): Promise<void> => {
  const ids = await life.deps.database.queue.cancelRequests(life.incarnation);
  if (!life.alive()) return;
  for (const id of ids) {
    const held = life.held.get(id);
    if (!held || held.attempt.cancelRequestedAt) continue;
    held.attempt = { ...held.attempt, cancelRequestedAt: life.time.now() };
    life.look(id);
  }
};
