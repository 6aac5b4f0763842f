import type { AttemptFate, AttemptId } from '@job-orchestrator/types';
import type { Life } from '../engine/life.ts';
import { delay } from '../queue/waiting.ts';
import { pageSizes } from '../timing.ts';

const listAgainMs = 2_000;

/** The fates of any number of attempts, asked in pages. */
export const fatesOf = async (life: Life, ids: readonly AttemptId[]): Promise<readonly AttemptFate[]> => {
  const fates: AttemptFate[] = [];
  for (let at = 0; at < ids.length && life.alive(); at += pageSizes.fates) {
    fates.push(...(await life.deps.database.queue.attemptFates(ids.slice(at, at + pageSizes.fates))));
  }
  return fates;
};

/**
 * After the database went back in time, nothing is adopted or claimed before the runtime was heard: what runs there and is
 * unknown to the database is said, and left alone. What the database knows as open is adopted then, and observed as always.
 */
export const reconcileFirst = async (life: Life): Promise<void> => {
  const { runtime, clock, log } = life.deps;
  while (life.alive()) {
    const refs = await runtime.list();
    if (!refs) {
      await delay(clock, listAgainMs);
      continue;
    }
    const fates = await fatesOf(
      life,
      refs.map(({ attemptId }) => attemptId),
    );
    const count = (kind: AttemptFate['kind']): number => fates.filter((fate) => fate.kind === kind).length;
    const counts = { open: count('open'), closed: count('closed'), unknown: count('unknown') };
    log.error(
      counts,
      'the database went back in time; these objects exist: what is unknown to it is left alone',
    );
    return;
  }
};
