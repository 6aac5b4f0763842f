import type { BackfillPlanDto, BackfillRerun, BackfillSubmission } from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { randomUUID } from 'node:crypto';
import { given } from '../given.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { writeList, writeValue } from '../output/format.ts';
import { backfillStory, backfillsView, planLines } from '../views/backfill-views.ts';
import type { Cli, FormatFlags, ProjectFlags, ServerFlags } from './cli.ts';
import { givenInputs, type InputFlags } from './run-inputs.ts';
import { withServer, type Session } from './session.ts';

export type BackfillListFlags = ServerFlags & FormatFlags & ProjectFlags & { readonly dag?: string };
export type BackfillFlags = ServerFlags &
  FormatFlags &
  ProjectFlags &
  InputFlags & {
    readonly from: string;
    readonly to: string;
    readonly schedule?: string;
    readonly rerun: BackfillRerun;
    readonly maxParallel?: number;
    readonly dryRun?: boolean;
    readonly idempotencyKey?: string;
    readonly reason?: string;
  };

const submissionOf = async (flags: BackfillFlags): Promise<BackfillSubmission> => {
  const { from, to, schedule, rerun, maxParallel, reason } = flags;
  return { from, to, rerun, inputs: await givenInputs(flags), ...given({ schedule, maxParallel, reason }) };
};

/** Of the times that run and those that are left out, what there is to say before anything starts. */
const tellPlan = ({ screen }: Session, plan: BackfillPlanDto): void => {
  for (const line of planLines(plan)) screen.note(line);
};

const writeStarted = async (
  { screen }: Session,
  { format }: FormatFlags,
  plan: BackfillPlanDto,
): Promise<void> => {
  if (format === 'json' || format === 'yaml') return writeValue(screen, format, plan);
  if (plan.id !== null) screen.out(format === 'name' ? `backfill/${plan.id}\n` : `${plan.id}\n`);
};

/** `dag backfill DAG --from --to`: tells which times run, then starts them. */
export const backfill = (cli: Cli, dag: string, flags: BackfillFlags): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const { client, screen } = session;
    const submission = await submissionOf(flags);
    const where = given({ project: flags.project });
    const preview = await client.startBackfill(dag, { ...submission, ...where, dryRun: true });
    if (flags.format === 'table') tellPlan(session, preview);
    if (flags.dryRun === true) {
      await writeStarted(session, flags, preview);
      screen.note('nothing was started');
      return exitCodes.ok;
    }
    const idempotencyKey = flags.idempotencyKey ?? randomUUID();
    const plan = await client.startBackfill(dag, { ...submission, ...where, idempotencyKey });
    await writeStarted(session, flags, plan);
    if (plan.replayed) screen.note('started before with the same key');
    if (plan.id === null) screen.note('nothing was started: no time is left to run');
    else screen.note(`see how it stands: job-orchestrator describe backfill ${shortId(plan.id)}`);
    return exitCodes.ok;
  });

/** `backfill cancel ID`. */
export const cancelBackfill = (cli: Cli, id: string, flags: ServerFlags & FormatFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { answer, backfill: found } = await client.cancelBackfill(id);
    const { format } = flags;
    const late = answer === 'too_late';
    const said = late ? `had ended already: ${found.state}` : 'is being cancelled; what has no run gets none';
    if (format === 'json' || format === 'yaml') await writeValue(screen, format, found);
    else screen.out(format === 'name' ? `backfill/${found.id}\n` : `${shortId(found.id)} ${said}\n`);
    return late ? exitCodes.conflict : exitCodes.ok;
  });

/** `get backfills`. */
export const getBackfills = (cli: Cli, flags: BackfillListFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { project, dag } = flags;
    const { items } = await client.listBackfills(given({ project, dag, limit: 100 }));
    await writeList(screen, flags.format, backfillsView(new Date()), items);
    return exitCodes.ok;
  });

/** `describe backfill ID`. */
export const describeBackfill = (cli: Cli, id: string, flags: ServerFlags & FormatFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const found = await client.getBackfill(id);
    const { format } = flags;
    if (format === 'table') screen.out(backfillStory(found));
    else if (format === 'name') screen.out(`backfill/${found.id}\n`);
    else await writeValue(screen, format, found);
    return exitCodes.ok;
  });
