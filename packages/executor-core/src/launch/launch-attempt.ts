import { launched, released, type AttemptId } from '@job-orchestrator/types';
import {
  decideLaunch,
  noLeaseMs,
  withholdLaunch,
  type LaunchDecision,
  type LaunchInput,
} from '../decide/decide-launch.ts';
import type { Held } from '../engine/held-attempts.ts';
import { refOf, type Life } from '../engine/life.ts';
import { delay } from '../queue/waiting.ts';
import { closeAttempt } from '../record/close-attempt.ts';
import { storeProgress, storeWrite } from '../record/store-write.ts';

const inputOf = (life: Life, held: Held, certain: boolean): LaunchInput => ({
  attempt: held.attempt,
  certain,
  tries: held.launchTries,
  unreachable: held.told?.about === 'runtime_unreachable',
  now: life.time.now(),
  jitter: life.deps.random(),
});

const takeTurn = async (life: Life): Promise<void> => {
  const { clock } = life.deps;
  const waitMs = life.launchRate.take(clock.monotonicMs());
  if (waitMs > 0) await delay(clock, waitMs);
};

const carryOut = async (
  life: Life,
  held: Held,
  certain: boolean,
  decision: LaunchDecision,
): Promise<void> => {
  const { attempt } = held;
  switch (decision.kind) {
    case 'launched':
      held.createdByUs = decision.created && certain;
      if (decision.reason) life.deps.log.warn({ attempt: attempt.id }, decision.reason);
      if (await storeWrite(life, held, launched(attempt.id, decision.object, decision.reason)))
        life.look(attempt.id);
      return;
    case 'release':
      life.deps.log.warn({ attempt: attempt.id }, decision.reason);
      if (!(await storeWrite(life, held, released(attempt.id, 0, decision.reason)))) return;
      return life.letGo(attempt.id, 'done');
    case 'again':
      held.certain = decision.certain;
      held.launchTries += 1;
      life.lookLater(attempt.id, decision.delayMs);
      await storeProgress(life, held, decision.progress);
      return;
    case 'succeed':
    case 'retry':
    case 'fail':
    case 'cancel':
    default:
      await closeAttempt(life, held, decision, null);
  }
};

/** Makes an attempt's object, or finds it: asked under the same name until the answer is certain. */
export const launchAttempt = async (life: Life, id: AttemptId): Promise<void> => {
  const { runtime } = life.deps;
  const held = life.held.get(id);
  if (!held) return;
  if (held.attempt.launchedAt) return life.look(id);
  await takeTurn(life);
  if (held.over) return;
  const withheld = withholdLaunch(inputOf(life, held, held.certain));
  if (withheld) return carryOut(life, held, true, withheld);
  if (!life.lease.holds()) return life.lookLater(id, noLeaseMs);
  const { certain, attempt } = held;
  held.certain = false;
  const launch = { ...refOf(life, attempt), topic: attempt.topic, spec: attempt.spec };
  const outcome = await runtime.ensure(launch, () => life.lease.holds() && !held.over);
  if (held.over) return;
  await carryOut(life, held, certain, decideLaunch(inputOf(life, held, certain), outcome));
};
