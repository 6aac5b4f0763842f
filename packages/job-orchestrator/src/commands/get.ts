import type { JobQuery } from '@job-orchestrator/client';
import type { JobState, JobSummaryDto } from '@job-orchestrator/types';
import { given } from '../given.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { narrowed, writeList } from '../output/format.ts';
import { executorsView, imagesView, jobsView, topicsView } from '../views/job-views.ts';
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

const oneJob = async ({ client }: Session, selector: string): Promise<readonly JobSummaryDto[]> => {
  const job = await client.getJob(selector);
  return [{ ...job, name: job.spec.name, image: job.spec.image, reason: job.failure?.reason ?? null }];
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
        : { items: await oneJob(session, selector), next: null };
    const { project, topic, state, image, label } = flags;
    const view = narrowed(jobsView(new Date(), session.screen.outColours), {
      project,
      topic,
      state,
      image,
      label,
    });
    await writeList(session.screen, flags.format, view, page.items);
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
