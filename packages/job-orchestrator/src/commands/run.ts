import { randomUUID } from 'node:crypto';
import { isOrchestratorError, OrchestratorError } from '@job-orchestrator/types/errors';
import { shortId } from '@job-orchestrator/types/ids';
import { exitCodeOfError, exitCodeOfProgram, exitCodeOfState, exitCodes } from '../output/exit-codes.ts';
import { reportError } from '../output/report-error.ts';
import { writeValue } from '../output/format.ts';
import type { Cli, FormatFlags, ServerFlags } from './cli.ts';
import { outputsOf } from './describe.ts';
import { endingLines, followToEnd } from './follow-job.ts';
import { interruptible, Interrupted } from './interrupt.ts';
import { rideThrough } from './ride-through.ts';
import { withServer, type Session } from './session.ts';
import { submissionOf, type RunFlags } from './submission.ts';

export interface RunOptions extends RunFlags, ServerFlags, FormatFlags {
  readonly detach?: boolean;
  readonly exitStatus: 'program' | 'class';
}

const writeId = async ({ screen }: Session, id: string, { format }: FormatFlags): Promise<void> => {
  if (format === 'json' || format === 'yaml') return writeValue(screen, format, { id });
  screen.out(format === 'name' ? `job/${id}\n` : `${id}\n`);
};

const followed = async (session: Session, id: string, options: RunOptions): Promise<number> => {
  const { client, screen } = session;
  const onGone = (): void => screen.note('the server does not answer; it is asked again how the job ended');
  const { job, note } = await interruptible(async (signal) => {
    const said = await followToEnd(session, id, { signal });
    return {
      job: await rideThrough(() => client.getJob(id, { signal }), { signal, onGone }),
      note: said,
    };
  });
  for (const line of endingLines(job, await outputsOf(client, job))) note(line);
  return options.exitStatus === 'class'
    ? exitCodeOfState(job.state)
    : exitCodeOfProgram(job.state, job.exitCode);
};

const whenInterrupted = (session: Session, id: string): number => {
  session.screen.note(`the job goes on; stop it: job-orchestrator cancel ${shortId(id)}`);
  session.screen.note(`see its log again: job-orchestrator logs -f ${shortId(id)}`);
  return exitCodes.interrupted;
};

const submitAndFollow = async (
  session: Session,
  image: string,
  command: readonly string[],
  options: RunOptions,
): Promise<number> => {
  const submission = await submissionOf(image, command, options);
  const answer = await session.client.submitJobs(submission, { idempotencyKey: randomUUID() });
  const { id } = answer.jobs[0]!;
  for (const notice of answer.notices) session.screen.note(notice);
  session.screen.note(session.screen.errColours.dim(`job ${shortId(id)} submitted`));
  if (options.detach === true) {
    await writeId(session, id, options);
    return exitCodes.ok;
  }
  try {
    return await followed(session, id, options);
  } catch (error) {
    if (error instanceof Interrupted) return whenInterrupted(session, id);
    throw error;
  }
};

/** What stands on stdout is the log: another form of it there is not. */
const takesDetach = (format: string): OrchestratorError =>
  new OrchestratorError('invalid_input', `-o ${format} with run takes --detach: stdout is the log's`, [
    {
      field: '--output',
      message: 'takes --detach; for the job when it has ended: job-orchestrator describe job @latest -o json',
      value: format,
    },
  ]);

/**
 * `run`: submits a job, follows its log and exits with the program's own code; 125 where it has none,
 * unless `--exit-status=class` asks for the table of exit codes.
 */
export const run = async (
  cli: Cli,
  image: string,
  command: readonly string[],
  options: RunOptions,
): Promise<number> => {
  if (options.format !== 'table' && options.detach !== true) throw takesDetach(options.format);
  try {
    return await withServer(cli, options, (session) => submitAndFollow(session, image, command, options));
  } catch (error) {
    if (options.exitStatus === 'class' || !isOrchestratorError(error)) throw error;
    // A wrong command line is the caller's, whoever finds it: 2, as where commander finds it.
    if (exitCodeOfError(error.code) === exitCodes.usage) throw error;
    reportError(cli.screen, error, options.format);
    return exitCodes.ours;
  }
};
