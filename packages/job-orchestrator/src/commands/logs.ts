import type { LogFacts, LogOptions } from '@job-orchestrator/client';
import { exitCodes } from '../output/exit-codes.ts';
import type { LogContainer } from '@job-orchestrator/types';
import { limits } from '@job-orchestrator/types/limits';
import { given } from '../given.ts';
import { exactStream, type Screen } from '../output/screen.ts';
import type { Cli, ServerFlags } from './cli.ts';
import { followToEnd } from './follow-job.ts';
import { interruptible, Interrupted } from './interrupt.ts';
import { withServer, type Session } from './session.ts';

export interface LogFlags extends ServerFlags {
  readonly follow?: boolean;
  readonly attempt?: number;
  readonly container?: LogContainer;
  /** On a terminal too, write every byte as it is. */
  readonly raw?: boolean;
  /** Bytes. */
  readonly tail?: number;
}

const optionsOf = ({ attempt, tail, container }: LogFlags): LogOptions => given({ attempt, tail, container });

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

/** As it arrives: a log may be larger than memory. */
const write = async (screen: Screen, bytes: AsyncIterable<Uint8Array>): Promise<void> => {
  if (!screen.outStyle.terminal) {
    for await (const piece of bytes) screen.outBytes(piece);
    return;
  }
  const decoder = new TextDecoder();
  const cleaned = screen.outStream();
  for await (const piece of bytes) screen.out(cleaned.push(decoder.decode(piece, { stream: true })));
  screen.out(cleaned.push(decoder.decode()) + cleaned.end());
};

const keptKiB = limits.logTailBytes / 1_024;

const beginningNote = ({ attempt, skipped, extent }: LogFacts, flags: LogFlags): string => {
  const why = `${flags.tail === undefined ? '' : 'not asked for, or '}rotated away, or its attempt has ended: of that at most the last ${keptKiB} KiB are kept`;
  if (skipped === null) return `(the beginning of the log of attempt ${attempt} is not shown: ${why})`;
  const least = extent === 'exact' ? '' : 'at least ';
  return `(${least}the first ${skipped} bytes of the log of attempt ${attempt} are not shown: ${why})`;
};

const readIt = async ({ client, screen }: Session, selector: string, flags: LogFlags): Promise<number> => {
  const { bytes, ...facts } = await client.streamLog(selector, optionsOf(flags));
  if (facts.truncated) screen.note(beginningNote(facts, flags));
  await write(screen, bytes);
  if (facts.extent === 'end_missing')
    screen.note(`(the end of the log of attempt ${facts.attempt} could not be read and is missing)`);
  return exitCodes.ok;
};

/** Data goes out untouched, as into a pipe: whoever asks for it trusts the program with the terminal. */
const rawCli = (cli: Cli): Cli => ({
  ...cli,
  screen: { ...cli.screen, outStyle: { ...cli.screen.outStyle, terminal: false }, outStream: exactStream },
});

/** `logs SELECTOR`: the log as it is, or with `-f` as it grows. */
export const logs = (cli: Cli, selector: string, flags: LogFlags): Promise<number> =>
  withServer(flags.raw === true ? rawCli(cli) : cli, flags, (session) =>
    flags.follow === true ? followIt(session, selector, flags) : readIt(session, selector, flags),
  );
