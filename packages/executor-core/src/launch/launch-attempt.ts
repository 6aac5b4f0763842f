import {
  grownResources,
  launched,
  released,
  type AttemptId,
  type AttemptLaunch,
  type Failure,
  type Progress,
} from '@job-orchestrator/types';
import {
  decideLaunch,
  noLeaseMs,
  withholdLaunch,
  type LaunchDecision,
  type LaunchInput,
} from '../decide/decide-launch.ts';
import { nodeToAvoid } from '../decide/node-to-avoid.ts';
import type { Held } from '../engine/held-attempts.ts';
import { refOf, type Life } from '../engine/life.ts';
import { delay } from '../queue/waiting.ts';
import { closeAttempt } from '../record/close-attempt.ts';
import { storeProgress, storeWrite } from '../record/store-write.ts';
import { readReferences, type References } from './read-references.ts';

const inputOf = (life: Life, held: Held, certain: boolean): LaunchInput => ({
  attempt: held.attempt,
  certain,
  tries: held.launchTries,
  unreachable: held.told?.about === 'runtime_unreachable',
  now: life.time.now(),
  jitter: life.deps.random(),
});

/** The first of many is told: an operator must find in the log what keeps all launches, not one line for each. */
const noteStalled = (life: Life, attempt: AttemptId, progress: Progress | null): void => {
  if (life.stalled.size === 0 && progress?.kind === 'waiting' && progress.waiting.reason !== 'runtime_busy')
    life.deps.log.warn(
      { attempt, why: progress.waiting.message },
      'the runtime took no launch; it is tried again',
    );
  life.stalled.add(attempt);
};

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
      life.stalled.delete(attempt.id);
      held.createdByUs = decision.created && certain;
      if (decision.reason) life.deps.log.warn({ attempt: attempt.id }, decision.reason);
      life.placing.add(attempt.id);
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
      if (decision.stalled) noteStalled(life, attempt.id, decision.progress);
      else life.stalled.delete(attempt.id);
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

/** The node that the last attempt had a fault of the infrastructure on. It is a preference: where it cannot be read, none. */
const readAvoidNode = async (life: Life, { attempt }: Held): Promise<string | null> => {
  if (attempt.number === 1) return null;
  try {
    return nodeToAvoid(await life.deps.database.history.listAttempts(attempt.jobId), attempt.number);
  } catch (error) {
    life.deps.log.warn({ attempt: attempt.id, error: String(error) }, 'the last node could not be read');
    return null;
  }
};

/** What this attempt runs as: after tries that ran out of memory it may ask for more. */
const launchOf = async (life: Life, held: Held, references: References): Promise<AttemptLaunch> => {
  const { topic, spec, retriesUsed } = held.attempt;
  const avoidNode = await readAvoidNode(life, held);
  const resources = grownResources(spec, retriesUsed.outOfMemory);
  return { ...refOf(life, held.attempt), topic, spec: { ...spec, resources }, avoidNode, ...references };
};

/** Something that the job names is not there: nothing was asked of the runtime now. */
const refuse = (life: Life, held: Held, failure: Failure): Promise<void> => {
  const { certain } = held;
  return carryOut(
    life,
    held,
    certain,
    decideLaunch(inputOf(life, held, certain), { kind: 'refused', failure }),
  );
};

/** Makes an attempt's object, or finds it: asked under the same name until the answer is certain. */
export const launchAttempt = async (life: Life, id: AttemptId): Promise<void> => {
  const { runtime } = life.deps;
  const held = life.held.get(id);
  if (!held) return;
  if (held.attempt.launchedAt) return life.look(id);
  await takeTurn(life);
  if (held.over) return;
  // First, for a cancel has to work also where nothing can be made of the spec.
  const withheld = withholdLaunch(inputOf(life, held, held.certain));
  if (withheld) return carryOut(life, held, true, withheld);
  const read = await readReferences(life, held.attempt);
  if (held.over) return;
  if (read.kind === 'missing') return refuse(life, held, read.failure);
  const launch = await launchOf(life, held, read.references);
  if (held.over) return;
  if (!life.lease.holds()) return life.lookLater(id, noLeaseMs);
  const { certain } = held;
  held.certain = false;
  const outcome = await runtime.ensure(launch, () => life.lease.holds() && !held.over);
  if (held.over) return;
  await carryOut(life, held, certain, decideLaunch(inputOf(life, held, certain), outcome));
};
