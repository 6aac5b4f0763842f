import type { JobState } from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { given } from '../given.ts';
import { exitCodes } from '../output/exit-codes.ts';
import type { OutputFormat } from '../output/format-names.ts';
import { writeValue } from '../output/format.ts';
import { reportError } from '../output/report-error.ts';
import type { Screen } from '../output/screen.ts';
import type { Cli, FormatFlags, ServerFlags } from './cli.ts';
import { withServer, type Session } from './session.ts';

export interface ChangeFlags extends ServerFlags, FormatFlags {
  readonly reason?: string;
}

export interface RetryFlags extends ChangeFlags {
  readonly currentImage?: boolean;
}

interface CancelResult {
  readonly id: string;
  readonly answer: 'accepted' | 'too_late';
  readonly state: JobState;
}

const sentence = ({ id, answer, state }: CancelResult): string => {
  const ended = answer === 'too_late' ? `had ended already: ${state}` : '';
  return `${shortId(id)} ${ended || (state === 'cancelled' ? 'cancelled' : 'is being cancelled')}`;
};

const writeResults = async (
  screen: Screen,
  format: OutputFormat,
  results: readonly CancelResult[],
): Promise<void> => {
  if (format === 'json' || format === 'yaml') return writeValue(screen, format, results);
  screen.out(
    results.map((result) => `${format === 'name' ? `job/${result.id}` : sentence(result)}\n`).join(''),
  );
};

const reasonOf = ({ reason }: ChangeFlags): { reason?: string } => (reason === undefined ? {} : { reason });

const cancelOne = async (
  { client }: Session,
  selector: string,
  flags: ChangeFlags,
): Promise<CancelResult> => {
  const { id } = await client.getJob(selector);
  return { id, ...(await client.cancelJob(id, reasonOf(flags))) };
};

/** `cancel SELECTOR…`: asks for each; one that cannot be cancelled does not stop the others. */
export const cancel = (cli: Cli, selectors: readonly string[], flags: ChangeFlags): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const results: CancelResult[] = [];
    let code: number = exitCodes.ok;
    for (const selector of selectors) {
      try {
        results.push(await cancelOne(session, selector, flags));
      } catch (error) {
        code = reportError(session.screen, error, flags.format);
      }
    }
    await writeResults(session.screen, flags.format, results);
    const tooLate = results.some(({ answer }) => answer === 'too_late');
    return code === exitCodes.ok && tooLate ? exitCodes.conflict : code;
  });

/** `retry SELECTOR`: runs an ended job again, as a new job whose id is written. */
export const retry = (cli: Cli, selector: string, flags: RetryFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { format, reason, currentImage } = flags;
    const answer = await client.retryJob(selector, given({ reason, currentImage }));
    const { id, imageChange } = answer;
    if (format === 'json' || format === 'yaml') await writeValue(screen, format, answer);
    else screen.out(format === 'name' ? `job/${id}\n` : `${id}\n`);
    if (imageChange !== null) screen.note(`it runs ${imageChange.to}; the old one ran ${imageChange.from}`);
    else if (currentImage === true) screen.note('its image refers to what it did before');
    screen.note(`follow it: job-orchestrator logs -f ${shortId(id)}`);
    return exitCodes.ok;
  });
