import { released, type IncarnationId, type InstallationId, type WakeUp } from '@job-orchestrator/types';
import { adoptAttempts } from '../adopt/adopt-attempts.ts';
import { reconcileFirst } from '../adopt/reconcile-first.ts';
import { createClaimLoop } from '../claim/claim-loop.ts';
import type { ExecutorDependencies } from '../config.ts';
import { createHeartbeat } from '../lease/heartbeat.ts';
import { delay } from '../queue/waiting.ts';
import { takeCancels } from '../sweep/take-cancels.ts';
import { createLife, type OwnedLife } from './create-life.ts';
import { startRoutines } from './routines.ts';

/** A life that runs: what its executor may ask of it. */
export interface RunningLife {
  readonly life: OwnedLife;
  woken(kind: WakeUp): void;
  /** Claims no more, finishes what is being recorded, for at most `timeoutMs`; then hands everything over. */
  drain(timeoutMs: number): Promise<void>;
  /** Ends at once; nothing is written. */
  end(): void;
}

/** Why a life ended by itself. */
export type LifeEnd = 'lost' | 'went_back';

/** How a life begins. */
export interface LifeOptions {
  readonly deps: ExecutorDependencies;
  readonly installation: InstallationId;
  /** Hear the runtime before anything is adopted or claimed: the database went back in time. */
  readonly reconcile: boolean;
  readonly onEnd: (end: LifeEnd, incarnation: IncarnationId) => void;
}

const restEveryMs = 10;

const register = async ({ deps }: LifeOptions) => {
  const { database, runtime, config, newIncarnation } = deps;
  const [incarnation, nonce] = [newIncarnation(), newIncarnation()];
  const { name, topics, maxRunning, version, sole } = config;
  const runtimeKind = runtime.kind;
  const record = { incarnation, name, runtimeKind, runtimeKey: runtime.key, topics, maxRunning, version };
  await database.executors.register(record, nonce, sole);
  return { incarnation, nonce };
};

/** What was claimed and certainly never created goes back to its queue unspent, for others to take at once. */
const giveBack = async (life: OwnedLife): Promise<void> => {
  const unlaunched = life.held.all().filter(({ certain, attempt }) => certain && !attempt.launchedAt);
  await Promise.all(
    unlaunched.map(async ({ attempt }) => {
      life.letGo(attempt.id, 'done');
      await life.recorder.record(released(attempt.id, 0, 'its executor is stopping'));
    }),
  );
};

const untilResting = async (life: OwnedLife, timeoutMs: number): Promise<void> => {
  const { clock } = life.deps;
  const giveUpMs = clock.monotonicMs() + timeoutMs;
  while (!life.resting() && clock.monotonicMs() < giveUpMs) await delay(clock, restEveryMs);
};

/** Registers a new incarnation, adopts what nobody owns, and begins to claim. */
export const runLife = async (options: LifeOptions): Promise<RunningLife> => {
  const { deps, installation, onEnd } = options;
  const { clock, database, log } = deps;
  const { incarnation, nonce } = await register(options);
  const life = createLife(deps, installation, incarnation);
  const claims = createClaimLoop(life);
  let stopRoutines: () => void = () => undefined;
  const end = (): void => {
    heartbeat.stop();
    stopRoutines();
    claims.stop();
    life.end();
  };
  const endItself = (why: LifeEnd): void => {
    if (!life.alive()) return;
    end();
    onEnd(why, incarnation);
  };
  const heartbeat = createHeartbeat({
    executors: database.executors,
    clock,
    log,
    incarnation,
    nonce,
    newNonce: deps.newIncarnation,
    lease: life.lease,
    time: life.time,
    onLost: () => endItself('lost'),
    onWentBack: () => endItself('went_back'),
  });
  const begin = async (): Promise<void> => {
    await heartbeat.beat();
    // Adopting launches already: what the database went back to says "launching" of what may have ended long ago.
    if (options.reconcile) await reconcileFirst(life);
    await adoptAttempts(life);
    if (!life.alive()) return;
    stopRoutines = startRoutines(life);
    life.attachClaims(claims);
    claims.wake();
  };
  try {
    await begin();
  } catch (error) {
    end();
    throw error;
  }

  const drain = async (timeoutMs: number): Promise<void> => {
    claims.stop();
    stopRoutines();
    const warn = (error: unknown): void => log.warn({ error: String(error) }, 'a step of the drain failed');
    await database.executors.markDraining(incarnation).catch(warn);
    await giveBack(life).catch(warn);
    // What has ended is removed before we go, whatever else waits for its place.
    life.placing.end();
    await untilResting(life, timeoutMs);
    end();
    await database.executors.release(incarnation).catch(warn);
  };
  const woken = (kind: WakeUp): void => {
    if (kind === 'jobs') life.wakeClaims();
    if (kind === 'cancel')
      takeCancels(life).catch((error: unknown) => log.warn({ error: String(error) }, 'no cancels'));
  };
  return { life, woken, drain, end };
};
