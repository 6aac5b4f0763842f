import type { ErrorCode, JsonObject, RepairPlanDto, RunPlanDto } from '@job-orchestrator/types';
import { given } from '../given.ts';
import { exitCodeOfError, exitCodes } from '../output/exit-codes.ts';
import { writeList, writeValue } from '../output/format.ts';
import { safeLine } from '../output/sanitize.ts';
import type { Screen } from '../output/screen.ts';
import { planView, repairCounts, repairPlanView } from '../views/plan-views.ts';
import type { FormatFlags } from './cli.ts';
import type { RunFlags } from './dags.ts';
import { givenInputs } from './run-inputs.ts';
import type { Session } from './session.ts';

/** Tells why a start would be refused, or how to start (`how`); gives the exit code that the start would have. */
const noteRefusals = (screen: Screen, refusals: RunPlanDto['refusals'], how: string): number => {
  const [first] = refusals;
  if (first === undefined) {
    screen.note(`nothing was started; ${how}`);
    return exitCodes.ok;
  }
  screen.note(`nothing was started, and a start would be refused:`);
  for (const { code, field, message, value } of refusals)
    screen.note(safeLine(`  ${field}: ${message}${value === null ? '' : ` (found: ${value})`} [${code}]`));
  return exitCodeOfError(first.code as ErrorCode);
};

/** `dag run NAME --dry-run`: what it would do; the exit code is that of the start. */
export const planRun = async (
  { client, screen }: Session,
  name: string,
  flags: RunFlags,
): Promise<number> => {
  const { project, dagVersion: version, format } = flags;
  const plan = await client.planDagRun(name, {
    ...given({ project, version }),
    inputs: await givenInputs(flags),
  });
  if (format === 'json' || format === 'yaml') await writeValue(screen, format, plan);
  else await writeList(screen, format, planView(plan), plan.nodes);
  return noteRefusals(screen, plan.refusals, `start it: job-orchestrator dag run ${plan.dag}`);
};

/** `dag retry RUN --dry-run`, `dag rerun RUN … --dry-run`: what would run again; the exit code is that of doing it. */
export const planRerun = async (
  { client, screen }: Session,
  run: string,
  again: { readonly from?: string; readonly inputs?: JsonObject },
  { format }: FormatFlags,
): Promise<number> => {
  const plan: RepairPlanDto = await client.planDagRerun(run, again);
  if (format === 'json' || format === 'yaml') await writeValue(screen, format, plan);
  else await writeList(screen, format, repairPlanView(plan), plan.nodes);
  screen.note(repairCounts(plan));
  return noteRefusals(screen, plan.refusals, 'start it: the same command without --dry-run');
};
