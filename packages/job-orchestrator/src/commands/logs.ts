import type { LogOptions } from '@job-orchestrator/client';
import { exitCodes } from '../output/exit-codes.ts';
import type { Cli, ServerFlags } from './cli.ts';
import { followToEnd } from './follow-job.ts';
import { interruptible, Interrupted } from './interrupt.ts';
import { withServer, type Session } from './session.ts';

export interface LogFlags extends ServerFlags {
  readonly follow?: boolean;
  readonly attempt?: number;
  /** Bytes. */
  readonly tail?: number;
}

const optionsOf = ({ attempt, tail }: LogFlags): LogOptions => ({
  ...(attempt === undefined ? {} : { attempt }),
  ...(tail === undefined ? {} : { tail }),
});

const followIt = async (session: Session, selector: string, flags: LogFlags): Promise<number> => {
  const { id } = await session.client.getJob(selector);
  try {
    await interruptible((signal) => followToEnd(session, id, { ...optionsOf(flags), signal }));
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof Interrupted) return exitCodes.interrupted;
    throw error;
  }
};

const readIt = async ({ client, screen }: Session, selector: string, flags: LogFlags): Promise<number> => {
  const { text, attempt, truncated, skipped } = await client.readLog(selector, optionsOf(flags));
  const why = flags.tail === undefined ? 'rotated away or not kept' : 'not kept or not asked for';
  const before = skipped === null ? 'the beginning' : `the first ${skipped} bytes`;
  if (truncated)
    screen.note(`(${before} of the log of attempt ${attempt} ${skipped === null ? 'was' : 'were'} ${why})`);
  const cleaned = screen.outStream();
  screen.out(cleaned.push(text) + cleaned.end());
  return exitCodes.ok;
};

/** `logs SELECTOR`: the log as it is, or with `-f` as it grows. */
export const logs = (cli: Cli, selector: string, flags: LogFlags): Promise<number> =>
  withServer(cli, flags, (session) =>
    flags.follow === true ? followIt(session, selector, flags) : readIt(session, selector, flags),
  );
