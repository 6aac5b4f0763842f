import type { JobDetail, OutputEntryDto } from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { resultName } from '@job-orchestrator/types/outputs';
import { isTerminalJobState } from '@job-orchestrator/types/states';
import type { LogOptions } from '@job-orchestrator/client';
import type { Session } from './session.ts';

/** How often a quiet job is asked why it is quiet, in milliseconds. */
const askEveryMs = 1_000;

/** Says on stderr why a job waits, each time the reason is a new one; returns how to stop. */
const narrateWaiting = ({ client, screen }: Session, id: string): (() => void) => {
  let said = '';
  const ask = async (): Promise<void> => {
    const job = await client.getJob(id);
    const message = job.waitingFor?.message ?? '';
    if (message !== '' && message !== said)
      screen.note(screen.errColours.dim(`${shortId(id)} waits: ${message}`));
    said = message;
  };
  const timer = setInterval(() => void ask().catch(() => undefined), askEveryMs);
  return () => clearInterval(timer);
};

const gapNote = (bytes: number | null, atLeast = false): string =>
  bytes === null
    ? '(part of the log may be missing: it was rotated away or could not be read; text may repeat)'
    : `(${atLeast ? 'at least ' : ''}${bytes} bytes of the log were rotated away or not kept)`;

/**
 * Writes a job's log to stdout as it grows, and what goes on around it to stderr, until the job has ended.
 * Rejects with the signal's reason when called off.
 */
export const followToEnd = async (session: Session, id: string, options: LogOptions): Promise<void> => {
  const { client, screen } = session;
  const text = screen.outStream();
  const stopNarrating = narrateWaiting(session, id);
  try {
    for await (const message of client.followLog(id, options)) {
      if (message.kind === 'text') screen.out(text.push(message.text));
      if (message.kind === 'attempt' && message.attempt > 1)
        screen.note(`${shortId(id)}: attempt ${message.attempt}`);
      if (message.kind === 'gap') screen.note(gapNote(message.bytes, message.atLeast));
    }
  } finally {
    stopNarrating();
    screen.out(text.end());
  }
};

const outputsText = (outputs: readonly OutputEntryDto[], id: string): string => {
  const bytes = outputs.reduce((sum, output) => sum + output.bytes, 0);
  const [only] = outputs.length === 1 ? outputs : [];
  return only?.name === resultName
    ? `output of ${bytes} bytes; job-orchestrator describe job ${id}`
    : `output of ${bytes} bytes in ${outputs.length} files; job-orchestrator outputs ${id}`;
};

/** The last word on an ended job, for stderr. */
export const endingLines = (job: JobDetail, outputs: readonly OutputEntryDto[]): readonly string[] => {
  const id = shortId(job.id);
  if (job.state === 'completed') return outputs.length === 0 ? [] : [`${id}: ${outputsText(outputs, id)}`];
  if (job.state === 'cancelled') return [`${id}: cancelled`];
  if (!isTerminalJobState(job.state)) return [`${id}: ${job.state}`];
  const { failure } = job;
  return [
    `${id}: failed${failure === null ? '' : `: ${failure.message}`}`,
    ...(failure === null ? [] : [failure.hint]),
    `the whole story: job-orchestrator describe job ${id}`,
  ];
};
