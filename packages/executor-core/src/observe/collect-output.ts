import type { ExitReport, Observation, OutputReport } from '@job-orchestrator/types';
import type { Held } from '../engine/held-attempts.ts';
import { refOf, type Life } from '../engine/life.ts';

/** Told once per attempt and instance: until then the API accepts no output of it. */
const expectFrom = async (life: Life, held: Held, instance: string | undefined): Promise<void> => {
  if (instance === undefined || held.outputFrom === instance) return;
  await life.deps.database.outputs.expect(life.incarnation, held.attempt.id, instance);
  held.outputFrom = instance;
};

/**
 * The output of an ended program, from whoever has it: the database, to which it was delivered, else the runtime. One
 * that is still to come is looked for only once it is late: its collector may be gone with its node.
 */
const findOutput = async (life: Life, held: Held, exit: ExitReport): Promise<OutputReport> => {
  const { kind } = exit.output;
  const late = kind === 'pending' && held.attempt.finalizingAt !== null;
  const failed = exit.failure !== null || exit.exitCode !== 0;
  if (failed || (kind !== 'left' && !late)) return exit.output;
  const accepted = await life.deps.database.outputs.accepted(held.attempt.id);
  if (accepted !== null) return { kind: 'ready', result: accepted.result, files: [] };
  return kind === 'left' ? life.deps.runtime.collectOutput(refOf(life, held.attempt)) : exit.output;
};

/** What was seen, with the output of a program that has ended, as far as it can be had now. */
export const withOutput = async (life: Life, held: Held, seen: Observation): Promise<Observation> => {
  if (!held.attempt.spec.output || held.over) return seen;
  if (seen.kind === 'running') await expectFrom(life, held, seen.instance);
  if (seen.kind !== 'ended') return seen;
  if (seen.exit.output.kind === 'pending') await expectFrom(life, held, seen.exit.instance);
  return { kind: 'ended', exit: { ...seen.exit, output: await findOutput(life, held, seen.exit) } };
};
