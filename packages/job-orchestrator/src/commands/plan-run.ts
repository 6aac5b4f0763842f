import type { ErrorCode, JsonObject, RepairPlanDto, RunPlanDto } from '@job-orchestrator/types';
import { given } from '../given.ts';
import { exitCodeOfError, exitCodes } from '../output/exit-codes.ts';
import { writeList, writeValue, type ListView } from '../output/format.ts';
import { safeLine } from '../output/sanitize.ts';
import type { Screen } from '../output/screen.ts';
import { planView, repairCounts, repairPlanView } from '../views/plan-views.ts';
import { valuesLine } from '../views/run-story.ts';
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

/** Writes a plan: as a table the inputs stand above it. */
const writePlan = async <Node>(
  screen: Screen,
  { format }: FormatFlags,
  plan: { readonly inputs: JsonObject | null; readonly nodes: readonly Node[] },
  view: ListView<Node>,
): Promise<void> => {
  if (format === 'json' || format === 'yaml') return writeValue(screen, format, plan);
  if (format === 'table') for (const line of valuesLine('inputs ', plan.inputs)) screen.out(`${line}\n\n`);
  return writeList(screen, format, view, plan.nodes);
};

/** `dag run NAME --dry-run`: what it would do; the exit code is that of the start. */
export const planRun = async (
  { client, screen }: Session,
  name: string,
  flags: RunFlags,
): Promise<number> => {
  const { project, dagVersion: version } = flags;
  const plan = await client.planDagRun(name, {
    ...given({ project, version }),
    inputs: await givenInputs(flags),
  });
  await writePlan(screen, flags, plan, planView(plan));
  return noteRefusals(screen, plan.refusals, `start it: job-orchestrator dag run ${plan.dag}`);
};

/** `dag retry RUN --dry-run`, `dag rerun RUN … --dry-run`: what would run again; the exit code is that of doing it. */
export const planRerun = async (
  { client, screen }: Session,
  run: string,
  again: { readonly from?: string; readonly inputs?: JsonObject },
  flags: FormatFlags,
): Promise<number> => {
  const plan: RepairPlanDto = await client.planDagRerun(run, again);
  await writePlan(screen, flags, plan, repairPlanView(plan));
  screen.note(repairCounts(plan));
  return noteRefusals(screen, plan.refusals, 'start it: the same command without --dry-run');
};
