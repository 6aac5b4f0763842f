import type { CatchUpPolicy, OverlapPolicy, ScheduleDto } from '@job-orchestrator/types';
import { OrchestratorError } from '@job-orchestrator/types/errors';
import { given } from '../given.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { writeList, writeValue } from '../output/format.ts';
import { zonedText } from '../output/times.ts';
import { scheduleStory, schedulesView } from '../views/schedule-views.ts';
import type { Cli, FormatFlags, ProjectFlags, ServerFlags } from './cli.ts';
import { withInputs, type InputFlags } from './run-inputs.ts';
import { withServer, type Session } from './session.ts';

export type ScheduleFlags = ServerFlags & FormatFlags & ProjectFlags & { readonly reason?: string };
export type ScheduleListFlags = ScheduleFlags & { readonly dag?: string };
export type CreateFlags = ScheduleFlags &
  InputFlags & {
    readonly dag: string;
    readonly cron: string;
    readonly timeZone?: string;
    readonly overlap: OverlapPolicy;
    readonly catchUp: CatchUpPolicy;
    readonly paused?: boolean;
    readonly replace?: boolean;
  };
export type NextFlags = ScheduleFlags & {
  readonly cron?: string;
  readonly timeZone?: string;
  readonly count?: number;
};

const writeChanged = async (
  { screen }: Session,
  { format }: FormatFlags,
  schedule: ScheduleDto,
  said: string,
): Promise<void> => {
  if (format === 'json' || format === 'yaml') await writeValue(screen, format, schedule);
  else screen.out(`schedule/${schedule.name}${format === 'name' ? '' : ` ${said}`}\n`);
  if (format !== 'table') return;
  for (const time of schedule.next) screen.note(`next  ${zonedText(time, schedule.timeZone)}`);
};

/** `schedule create NAME --dag DAG --cron CRON`. */
export const createSchedule = (cli: Cli, name: string, flags: CreateFlags): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const { project, dag, cron, timeZone, overlap, catchUp, paused, replace, reason } = flags;
    const optional = given({ project, timeZone, paused, replace, reason });
    const submission = { name, dag, cron, overlap, catchUp, ...optional };
    const { created, schedule } = await withInputs(flags, (inputs) =>
      session.client.createSchedule({ ...submission, inputs }),
    );
    await writeChanged(session, flags, schedule, created ? 'created' : 'replaced');
    if (schedule.pausedAt !== null)
      session.screen.note(`it is paused; start it: job-orchestrator schedule resume ${name}`);
    return exitCodes.ok;
  });

/** `schedule pause NAME`, `schedule resume NAME`. */
export const changeSchedule = (
  cli: Cli,
  verb: 'pause' | 'resume',
  name: string,
  flags: ScheduleFlags,
): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const { client } = session;
    const options = given({ project: flags.project, reason: flags.reason });
    const change = verb === 'pause' ? client.pauseSchedule : client.resumeSchedule;
    const said = verb === 'pause' ? 'is paused' : 'goes on';
    await writeChanged(session, flags, await change(name, options), said);
    return exitCodes.ok;
  });

/** `schedule delete NAME`. */
export const deleteSchedule = (cli: Cli, name: string, flags: ScheduleFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const deleted = await client.deleteSchedule(name, given({ project: flags.project }));
    const { format } = flags;
    if (format === 'json' || format === 'yaml') await writeValue(screen, format, deleted);
    else screen.out(`schedule/${name}${format === 'name' ? '' : ' deleted; its runs stay'}\n`);
    return exitCodes.ok;
  });

/** `schedule list`, `get schedules`. */
export const listSchedules = (cli: Cli, flags: ScheduleListFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { project, dag } = flags;
    const { items } = await client.listSchedules(given({ project, dag, limit: 500 }));
    await writeList(screen, flags.format, schedulesView(new Date()), items);
    return exitCodes.ok;
  });

/** `describe schedule NAME`. */
export const describeSchedule = (cli: Cli, name: string, flags: ScheduleFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const schedule = await client.getSchedule(name, given({ project: flags.project }));
    const { format, project } = flags;
    if (format === 'name') screen.out(`schedule/${name}\n`);
    else {
      const { items: firings } = await client.listFirings(name, given({ project, limit: 20 }));
      if (format === 'table') screen.out(scheduleStory(schedule, firings, new Date(), screen.outColours));
      else await writeValue(screen, format, { ...schedule, firings });
    }
    return exitCodes.ok;
  });

interface Times {
  readonly timeZone: string;
  readonly next: readonly string[];
}

const writeTimes = async ({ screen }: Cli, { format }: FormatFlags, { timeZone, next }: Times) => {
  if (format === 'json' || format === 'yaml') return writeValue(screen, format, next);
  screen.out(next.map((time) => `${format === 'name' ? time : zonedText(time, timeZone)}\n`).join(''));
};

/** The times of an expression, by this machine's clock. */
const timesOfExpression = async ({ cron = '', timeZone = 'UTC', count = 5 }: NextFlags): Promise<Times> => {
  const { dagRules } = await import('@job-orchestrator/dag-orchestrator');
  const { invalidInput } = await import('@job-orchestrator/types');
  const now = new Date();
  const problems = dagRules.schedules.problems({ cron, timeZone }, now);
  if (problems.length > 0) throw invalidInput(problems);
  const next = dagRules.schedules.upcoming({ cron, timeZone }, now, count);
  return { timeZone, next: next.map((time) => time.toISOString()) };
};

/** `schedule next NAME`, `schedule next --cron CRON`. */
export const nextTimes = async (cli: Cli, name: string | undefined, flags: NextFlags): Promise<number> => {
  if ((name === undefined) === (flags.cron === undefined))
    throw new OrchestratorError('invalid_input', 'Name a schedule, or give an expression with --cron.');
  if (name === undefined) {
    await writeTimes(cli, flags, await timesOfExpression(flags));
    return exitCodes.ok;
  }
  return withServer(cli, flags, async ({ client, screen }) => {
    const query = given({ project: flags.project, next: flags.count });
    const schedule = await client.getSchedule(name, query);
    await writeTimes(cli, flags, schedule);
    if (schedule.next.length === 0)
      screen.note(schedule.pausedAt === null ? 'no time comes any more' : 'it is paused');
    return exitCodes.ok;
  });
};
