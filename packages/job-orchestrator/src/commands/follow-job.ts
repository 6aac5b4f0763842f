import type { JobDetail, OutputEntryDto } from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { resultName } from '@job-orchestrator/types/outputs';
import { isTerminalJobState } from '@job-orchestrator/types/states';
import type { Client, LogOptions } from '@job-orchestrator/client';
import type { Screen } from '../output/screen.ts';
import { serverGone } from './ride-through.ts';
import type { Session } from './session.ts';

/** How often a quiet job is asked why it is quiet, in milliseconds. */
const askEveryMs = 1_000;

/** Says on stderr why a job waits, each time the reason is a new one; returns how to stop. */
const narrateWaiting = (
  { client, screen }: Session,
  id: string,
  note: (line: string) => void,
): (() => void) => {
  let said = '';
  const ask = async (): Promise<void> => {
    const job = await client.getJob(id);
    const message = job.waitingFor?.message ?? '';
    if (message !== '' && message !== said) note(screen.errColours.dim(`${shortId(id)} waits: ${message}`));
    said = message;
  };
  const timer = setInterval(() => void ask().catch(() => undefined), askEveryMs);
  return () => clearInterval(timer);
};

const gapNote = (bytes: number | null, atLeast = false): string =>
  bytes === null
    ? '(part of the log may be missing: it was rotated away or could not be read; text may repeat)'
    : `(${atLeast ? 'at least ' : ''}${bytes} bytes of the log were rotated away or not kept)`;

/** Why there is another attempt; that it cannot be learned just now is no reason to stop. */
const attemptNote = async (client: Client, id: string, attempt: number): Promise<string> => {
  const job = await client.getJob(id).catch(() => null);
  const before = job?.attempts.find(({ number }) => number === attempt - 1);
  const why = before?.failure?.message;
  return `${shortId(id)}: attempt ${attempt}${why === undefined ? '' : `; attempt ${attempt - 1} failed: ${why}`}`;
};

/** A log may end within a line: what is said after it begins a line of its own all the same. */
const createLineEnd = (screen: Screen) => {
  let open = false;
  return {
    out: (text: string): void => {
      if (text !== '') open = !text.endsWith('\n');
      screen.out(text);
    },
    note: (line: string): void => {
      if (open) screen.note('');
      open = false;
      screen.note(line);
    },
  };
};

/**
 * Writes a job's log to stdout as it grows, and what goes on around it to stderr, until the job has ended.
 * Rejects with the signal's reason when called off. Returns how to say something after the log.
 */
export const followToEnd = async (
  session: Session,
  id: string,
  options: LogOptions,
): Promise<(line: string) => void> => {
  const { client, screen } = session;
  const text = screen.outStream();
  const lines = createLineEnd(screen);
  const stopNarrating = narrateWaiting(session, id, lines.note);
  try {
    const onGone = (): void => lines.note(serverGone);
    for await (const message of client.followLog(id, { ...options, onGone })) {
      if (message.kind === 'text') lines.out(text.push(message.text));
      if (message.kind === 'attempt' && message.attempt > 1)
        lines.note(await attemptNote(client, id, message.attempt));
      if (message.kind === 'gap') lines.note(gapNote(message.bytes, message.atLeast));
    }
  } finally {
    stopNarrating();
    lines.out(text.end());
  }
  return lines.note;
};

const outputsText = (outputs: readonly OutputEntryDto[], id: string): string => {
  const bytes = outputs.reduce((sum, output) => sum + output.bytes, 0);
  const [only] = outputs.length === 1 ? outputs : [];
  return only?.name === resultName
    ? `output of ${bytes} bytes; job-orchestrator describe job ${id}`
    : `output of ${bytes} bytes in ${outputs.length} ${outputs.length === 1 ? 'file' : 'files'}; job-orchestrator outputs ${id}`;
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
