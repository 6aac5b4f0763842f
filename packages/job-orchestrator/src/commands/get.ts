import type { JobQuery } from '@job-orchestrator/client';
import type { JobState, JobSummaryDto } from '@job-orchestrator/types';
import { given } from '../given.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { narrowed, writeList } from '../output/format.ts';
import { executorsView, imagesView, jobsView, topicsView, toSummary } from '../views/job-views.ts';
import type { Screen } from '../output/screen.ts';
import type { Cli, FormatFlags, ProjectFlags, ServerFlags } from './cli.ts';
import { withServer, type Session } from './session.ts';
import { keyValues } from './key-values.ts';

export interface GetFlags extends ServerFlags, FormatFlags, ProjectFlags {}

export interface PageFlags {
  readonly limit?: number;
  readonly cursor?: string;
}

export interface GetJobsFlags extends GetFlags, PageFlags {
  readonly topic?: string;
  readonly state?: readonly JobState[];
  readonly image?: string;
  readonly label?: readonly string[];
}

const queryOf = ({ project, topic, state, image, label, limit, cursor }: GetJobsFlags): JobQuery =>
  given({ project, topic, states: state, image, limit, cursor, labels: keyValues('--label', label) });

/** What a queue holds back is not in a list: one job of each topic is asked for all, and of no more topics than this. */
const mostTopicsAsked = 20;

const withReasons = async (
  { client }: Session,
  jobs: readonly JobSummaryDto[],
): Promise<readonly JobSummaryDto[]> => {
  const topicOf = ({ project, topic }: JobSummaryDto): string => `${project}/${topic}`;
  const pending = jobs.filter(({ state }) => state === 'pending');
  const ofTopics = [...new Map(pending.map((job) => [topicOf(job), job])).values()];
  const asked = ofTopics.slice(0, mostTopicsAsked).map(async (job) => {
    // It may have begun meanwhile.
    const detail = await client.getJob(job.id).catch(() => null);
    return [topicOf(job), detail?.state === 'pending' ? toSummary(detail).reason : null] as const;
  });
  const reasons = new Map(await Promise.all(asked));
  return jobs.map((job) =>
    job.state === 'pending' ? { ...job, reason: reasons.get(topicOf(job)) ?? null } : job,
  );
};

export const noteNext = (screen: Screen, next: string | null): void => {
  if (next !== null) screen.note(`there are more; the next page: --cursor ${next}`);
};

/** `get jobs [SELECTOR]`: newest first. */
export const getJobs = (cli: Cli, selector: string | undefined, flags: GetJobsFlags): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const page =
      selector === undefined
        ? await session.client.listJobs(queryOf(flags))
        : { items: [toSummary(await session.client.getJob(selector))], next: null };
    const shown = flags.format === 'table' ? await withReasons(session, page.items) : page.items;
    const { project, topic, state, image, label } = flags;
    const view = narrowed(jobsView(new Date(), session.screen.outColours), {
      project,
      topic,
      state,
      image,
      label,
    });
    await writeList(session.screen, flags.format, view, shown);
    noteNext(session.screen, page.next);
    return exitCodes.ok;
  });

/** `get images [NAME]`. */
export const getImages = (cli: Cli, name: string | undefined, flags: GetFlags & PageFlags): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const { project, limit, cursor } = flags;
    const page =
      name === undefined
        ? await session.client.listImages(given({ project, limit, cursor }))
        : { items: [await session.client.getImage(name, given({ project }))], next: null };
    await writeList(session.screen, flags.format, imagesView, page.items);
    noteNext(session.screen, page.next);
    return exitCodes.ok;
  });

/** `get topics`. */
export const getTopics = (cli: Cli, flags: GetFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { items } = await client.listTopics(given({ project: flags.project }));
    await writeList(screen, flags.format, topicsView(new Date()), items);
    return exitCodes.ok;
  });

/** `get executors`. */
export const getExecutors = (cli: Cli, flags: GetFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { items } = await client.listExecutors();
    await writeList(screen, flags.format, executorsView(new Date()), items);
    return exitCodes.ok;
  });
