import type { DeadLetterQuery } from '@job-orchestrator/client';
import type { DiscardRequest, FailureCategory, RedriveRequest } from '@job-orchestrator/types';
import { OrchestratorError } from '@job-orchestrator/types/errors';
import { shortId } from '@job-orchestrator/types/ids';
import { userInfo } from 'node:os';
import { given } from '../given.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { writeList, writeValue } from '../output/format.ts';
import { deadLettersView } from '../views/job-views.ts';
import type { Cli, FormatFlags, ProjectFlags, ServerFlags } from './cli.ts';
import type { PageFlags } from './get.ts';
import { keyValues } from './key-values.ts';
import { noteNext } from './get.ts';
import { withServer, type Session } from './session.ts';

interface FilterFlags extends ServerFlags, FormatFlags, ProjectFlags {
  readonly topic?: string;
  readonly image?: string;
  readonly label?: readonly string[];
  readonly category?: FailureCategory;
  readonly failure?: string;
}

export type DeadLetterFlags = FilterFlags & PageFlags;

export interface DecideFlags extends FilterFlags {
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly limit?: number;
  readonly rate?: number;
  readonly currentImage?: boolean;
  readonly by?: string;
  readonly reason?: string;
}

const queryOf = ({
  project,
  topic,
  image,
  label,
  category,
  failure,
  limit,
  cursor,
}: DeadLetterFlags): DeadLetterQuery =>
  given({ project, topic, image, category, failure, limit, cursor, labels: keyValues('--label', label) });

/** `get dead-letters`: newest first. */
export const getDeadLetters = (cli: Cli, flags: DeadLetterFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { items, next } = await client.listDeadLetters(queryOf(flags));
    await writeList(screen, flags.format, deadLettersView(new Date()), items);
    noteNext(screen, next);
    return exitCodes.ok;
  });

/** A dry run decides nothing, so that there is nothing to give a reason for. */
const refuseUnreasoned = ({ dryRun, reason }: DecideFlags): void => {
  if (dryRun === true || reason !== undefined) return;
  throw new OrchestratorError('invalid_input', '--reason says why; it is stored with the decision', [
    { field: '--reason', message: 'is required; only --dry-run goes without' },
  ]);
};

/** Who runs this command, where nobody else is named. */
const person = ({ by }: DecideFlags): string => by ?? userInfo().username;

const requestOf = (jobs: readonly string[], flags: DecideFlags): DiscardRequest => {
  const { project, topic, image, category, failure, label, all, dryRun, limit, reason } = flags;
  const labels = label === undefined ? undefined : keyValues('--label', label);
  const named = jobs.length === 0 ? undefined : jobs;
  return {
    ...given({ project, topic, image, category, failure, labels, all, dryRun, limit, reason, jobs: named }),
    by: person(flags),
  } as DiscardRequest;
};

interface Outcome {
  readonly matched: number;
  readonly ids: readonly string[];
  readonly done: string;
  /** How many jobs were named; 0: whatever fits. */
  readonly named: number;
}

/** Who names jobs must hear of those on which nothing was left to decide. */
const noteOthers = ({ screen }: Session, named: number, matched: number): number => {
  const others = named - matched;
  if (others <= 0) return exitCodes.ok;
  screen.note(
    `${others} of ${named} named: no dead letter, or decided on before; \`describe job\` says what became of it`,
  );
  return matched === 0 ? exitCodes.conflict : exitCodes.ok;
};

const writeOutcome = async (
  session: Session,
  flags: DecideFlags,
  { matched, ids, done, named }: Outcome,
): Promise<number> => {
  const { screen } = session;
  const { format, dryRun } = flags;
  if (format === 'json' || format === 'yaml') await writeValue(screen, format, { matched, jobs: ids });
  else screen.out(ids.map((id) => (format === 'name' ? `job/${id}\n` : `${id}\n`)).join(''));
  const left = matched - ids.length;
  if (dryRun === true) screen.note(`${matched} dead letters fit; nothing was changed`);
  else screen.note(`${ids.length} ${done}${left > 0 ? `; ${left} more fit` : ''}`);
  return noteOthers(session, named, matched);
};

/** `redrive [JOB…]`: writes the ids of the new jobs. */
export const redrive = async (cli: Cli, jobs: readonly string[], flags: DecideFlags): Promise<number> => {
  refuseUnreasoned(flags);
  return withServer(cli, flags, async (session) => {
    const { rate: ratePerSecond, currentImage } = flags;
    const request: RedriveRequest = { ...requestOf(jobs, flags), ...given({ ratePerSecond, currentImage }) };
    const answer = await session.client.redriveDeadLetters(request);
    const first = answer.jobs[0];
    const code = await writeOutcome(session, flags, {
      matched: answer.matched,
      ids: answer.jobs.map(({ id }) => id),
      done: 'redriven',
      named: jobs.length,
    });
    if (first !== undefined) session.screen.note(`follow one: job-orchestrator logs -f ${shortId(first.id)}`);
    return code;
  });
};

/** `discard [JOB…]`: writes the ids of the discarded jobs. */
export const discard = async (cli: Cli, jobs: readonly string[], flags: DecideFlags): Promise<number> => {
  refuseUnreasoned(flags);
  return withServer(cli, flags, async (session) => {
    const answer = await session.client.discardDeadLetters(requestOf(jobs, flags));
    const { matched, jobs: ids } = answer;
    return writeOutcome(session, flags, { matched, ids, done: 'discarded', named: jobs.length });
  });
};
