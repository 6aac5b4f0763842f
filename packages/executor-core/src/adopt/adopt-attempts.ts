import type { Life } from '../engine/life.ts';
import { lookCarefully } from '../quarantine/look-carefully.ts';
import { pageSizes } from '../timing.ts';

/**
 * Takes over every attempt of our runtime whose owner has no live lease, whatever our own limit: nobody else may be there to
 * watch it. What became of it is asked of the runtime first; nothing is started twice and nothing healthy is touched.
 */
export const adoptAttempts = async (life: Life): Promise<void> => {
  const { database, runtime, clock, log } = life.deps;
  for (;;) {
    if (!life.lease.holds()) return;
    const request = { owner: life.incarnation, runtimeKey: runtime.key, limit: pageSizes.adopt };
    const askedMs = clock.monotonicMs();
    const adopted = await database.queue.adoptAttempts(request);
    if (!life.alive()) return;
    for (const attempt of adopted) life.held.hold(attempt, { fresh: false, askedMs });
    if (adopted.length > 0)
      log.info({ attempts: adopted.length }, 'adopted attempts of an executor that is gone');
    await lookCarefully(life, adopted);
    if (adopted.length < pageSizes.adopt) return;
  }
};
