import type { AttemptId, Deaths, LiveAttempt } from '@job-orchestrator/types';
import type { Life } from '../engine/life.ts';
import { withTimeout } from '../queue/waiting.ts';
import { setAside } from './faults.ts';
import { byDeaths, isCareful, isUntouchable, untouchableMessage } from './judge-deaths.ts';

/** A look that waits for a silent runtime holds up no other for longer. */
const lookMostMs = 2_000;

const shun = (life: Life, id: AttemptId, deaths: Deaths): void => {
  const held = life.held.get(id);
  if (!held) return;
  held.untouchable = true;
  const message = untouchableMessage(deaths, id);
  life.deps.log.error({ attempt: id }, message);
  setAside(life, held, message);
};

const lookOneByOne = async (life: Life, adopted: readonly LiveAttempt[], deaths: Deaths): Promise<void> => {
  const { executors } = life.deps.database;
  for (const { id } of byDeaths(adopted, deaths)) {
    if (!life.alive()) return;
    if (isUntouchable(deaths, id)) {
      shun(life, id, deaths);
      continue;
    }
    await executors.noteInHand(life.incarnation, id);
    await withTimeout(life.deps.clock, lookMostMs, life.lookNow(id), undefined);
  }
  await executors.noteInHand(life.incarnation, null);
};

/**
 * Looks at what was adopted. Usually at all of it at once. After executors have died one after the other, one by one,
 * each written down before and crossed out after, so that the next executor knows over which one we died
 * (docs/adr/0022); what too many have died over is left alone.
 */
export const lookCarefully = async (life: Life, adopted: readonly LiveAttempt[]): Promise<void> => {
  const { log, database } = life.deps;
  if (adopted.length === 0) return;
  try {
    const deaths = await database.executors.deaths(life.incarnation);
    if (!isCareful(deaths)) return adopted.forEach(({ id }) => life.look(id));
    const counts = { deaths: deaths.count, attempts: adopted.length };
    log.warn(counts, 'executors died one after the other: what is adopted is looked at one by one');
    await lookOneByOne(life, adopted, deaths);
  } catch (error) {
    // Without the database nothing can be written down, and what is held must be looked at all the same.
    log.warn({ error: String(error) }, 'could not look carefully');
    adopted.forEach(({ id }) => life.look(id));
  }
};
