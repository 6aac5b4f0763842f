import { isClosedAttemptState, type JobId } from '@job-orchestrator/types';
import type { Trial } from './trial.ts';

const terminalKinds = new Set(['completed', 'failed', 'cancelled']);

const eventFaults = async (trial: Trial, id: JobId): Promise<readonly string[]> => {
  const events = await trial.database.history.listEvents(id, 0, 500);
  const faults: string[] = [];
  if (events.some(({ seq }, index) => seq !== index + 1)) faults.push(`${id}: its events have gaps`);
  const ends = events.filter(({ kind }) => terminalKinds.has(kind));
  if (ends.length !== 1) faults.push(`${id}: it ended ${ends.length} times`);
  if (ends[0] !== events.at(-1)) faults.push(`${id}: something happened after its end`);
  return faults;
};

const attemptFaults = async (trial: Trial, id: JobId): Promise<readonly string[]> => {
  const attempts = await trial.database.history.listAttempts(id);
  const faults: string[] = [];
  if (attempts.some(({ state }) => !isClosedAttemptState(state))) faults.push(`${id}: an attempt is open`);
  const numbers = attempts.map(({ number }) => number);
  if (new Set(numbers).size !== numbers.length) faults.push(`${id}: a number of an attempt repeats`);
  return faults;
};

/** What is broken of the promises about jobs that have all ended; empty when they were kept. */
export const brokenPromises = async (trial: Trial, ids: readonly JobId[]): Promise<readonly string[]> => {
  const faults = [...trial.world.created]
    .filter(([, times]) => times > 1)
    .map(([name, times]) => `${name} was created ${times} times`);
  for (const id of ids) faults.push(...(await eventFaults(trial, id)), ...(await attemptFaults(trial, id)));
  for (const { object, run } of trial.world.objects.values()) {
    if (run?.exit() === null) faults.push(`${object.name} still runs`);
  }
  return faults;
};
