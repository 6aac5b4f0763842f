import type { ErrorCode, RunPlanDto } from '@job-orchestrator/types';
import { given } from '../given.ts';
import { exitCodeOfError, exitCodes } from '../output/exit-codes.ts';
import { writeList, writeValue } from '../output/format.ts';
import { safeLine } from '../output/sanitize.ts';
import type { Screen } from '../output/screen.ts';
import { planView } from '../views/plan-views.ts';
import type { RunFlags } from './dags.ts';
import { givenInputs } from './run-inputs.ts';
import type { Session } from './session.ts';

const noteRefusals = (screen: Screen, { dag, refusals }: RunPlanDto): void => {
  if (refusals.length === 0)
    return screen.note(`nothing was started; start it: job-orchestrator dag run ${dag}`);
  screen.note(`nothing was started, and a start would be refused:`);
  for (const { code, field, message, value } of refusals)
    screen.note(safeLine(`  ${field}: ${message}${value === null ? '' : ` (found: ${value})`} [${code}]`));
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
  noteRefusals(screen, plan);
  const [first] = plan.refusals;
  return first === undefined ? exitCodes.ok : exitCodeOfError(first.code as ErrorCode);
};
