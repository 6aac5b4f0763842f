import type { AttemptId, IncarnationId, InstallationId } from '@job-orchestrator/types';
import type { ExecutorDependencies } from '../config.ts';
import { launchAttempt } from '../launch/launch-attempt.ts';
import { createPlacing } from '../launch/placing.ts';
import { createRateLimit } from '../launch/rate-limit.ts';
import { createDatabaseTime } from '../lease/database-time.ts';
import { createLease } from '../lease/lease.ts';
import { observeAttempt } from '../observe/observe-attempt.ts';
import { createAgenda } from '../queue/agenda.ts';
import { createKeyQueue, type KeyQueue } from '../queue/key-queue.ts';
import { createRecorder } from '../record/recorder.ts';
import { createRemovals } from '../record/removals.ts';
import { concurrency } from '../timing.ts';
import type { ClaimLoop } from '../claim/claim-loop.ts';
import { failed, worked } from '../quarantine/faults.ts';
import { createHeldAttempts } from './held-attempts.ts';
import type { Life } from './life.ts';

/** A life with what its owner alone may do: tell it of claims, see whether it rests, and end it. */
export interface OwnedLife extends Life {
  attachClaims(claims: ClaimLoop): void;
  /** True while nothing is being looked at, launched, recorded or cleaned up. */
  resting(): boolean;
  end(): void;
}

const faultBaseMs = 500;
/** Also how soon work goes on after the database is back. */
const faultCapMs = 10_000;

/** One bad attempt never stops the others: its errors are caught here, counted, told, and it is tried again later. */
const guarded =
  (life: Life, work: (life: Life, id: AttemptId) => Promise<void>) =>
  async (id: AttemptId): Promise<void> => {
    const held = life.held.get(id);
    if (!held) return;
    try {
      await work(life, id);
      worked(held);
    } catch (error) {
      if (held.over) return;
      const faults = failed(life, held, error);
      const ceilingMs = Math.min(faultCapMs, faultBaseMs * 2 ** faults);
      life.lookLater(id, (ceilingMs * (1 + life.deps.random())) / 2);
      life.deps.log.warn({ attempt: id, faults, error: String(error) }, 'an attempt made trouble');
    }
  };

const createBackground = () => {
  let size = 0;
  const add = (work: Promise<void>): void => {
    size += 1;
    void work.finally(() => (size -= 1));
  };
  return { add, size: () => size };
};

const createLaunches = (life: Life, claims: () => ClaimLoop | null): KeyQueue<AttemptId> => {
  const launch = guarded(life, launchAttempt);
  const rested = (): void => {
    life.removals.begin();
    // Where one launch is all the room, only now it is there.
    claims()?.launchEnded();
  };
  return createKeyQueue<AttemptId>(
    concurrency.launch,
    (id) => launch(id).finally(() => claims()?.launchEnded()),
    rested,
  );
};

/** Brings a registered incarnation to life; it does nothing yet until attempts are held and looked at. */
export const createLife = (
  deps: ExecutorDependencies,
  installation: InstallationId,
  incarnation: IncarnationId,
): OwnedLife => {
  const { clock, database, config } = deps;
  const lease = createLease(clock);
  const held = createHeldAttempts(clock);
  const apply = database.queue.applyWrites.bind(database.queue, incarnation);
  const recorder = createRecorder({ clock, apply });
  let claims: ClaimLoop | null = null;
  const background = createBackground();
  let ended = false;
  const queueOf = (id: AttemptId): KeyQueue<AttemptId> | null => {
    const known = held.get(id);
    if (!known || known.untouchable) return null;
    return known.attempt.launchedAt ? observes : launches;
  };
  const look = (id: AttemptId): void => queueOf(id)?.add(id);
  const agenda = createAgenda<AttemptId>(clock, look);
  const life: OwnedLife = {
    deps,
    installation,
    incarnation,
    lease,
    held,
    recorder,
    time: createDatabaseTime(clock),
    launchRate: createRateLimit(config.launchRatePerSecond),
    removals: createRemovals({
      concurrency: concurrency.remove,
      launching: () => launches.size() + life.placing.size(),
    }),
    look,
    lookNow: async (id) => queueOf(id)?.addAndWait(id),
    lookLater: (id, delayMs) => {
      if (held.get(id)) agenda.set(id, delayMs);
    },
    wakeClaims: () => claims?.wake(),
    launching: () => launches.size(),
    stalled: new Set(),
    placing: createPlacing(clock, () => life.removals.begin()),
    background: background.add,
    letGo: (id, why) => {
      agenda.delete(id);
      life.stalled.delete(id);
      life.placing.delete(id);
      if (held.drop(id, why)) claims?.roomMade();
    },
    alive: () => !ended,
    attachClaims: (attached) => {
      claims = attached;
    },
    resting: () => busy.every((each) => each.size() === 0),
    end: () => {
      ended = true;
      claims = null;
      [lease, held, recorder, life.removals, life.placing, agenda, observes, launches].forEach((each) =>
        each.end(),
      );
    },
  };
  const observes = createKeyQueue(concurrency.observe, guarded(life, observeAttempt));
  const launches = createLaunches(life, () => claims);
  const busy = [observes, launches, recorder, life.removals, background];
  return life;
};
