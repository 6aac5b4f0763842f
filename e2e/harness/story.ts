import type { Client } from '@job-orchestrator/client';
import type { JobSummaryDto } from '@job-orchestrator/types';
import type { JobStory } from './verdict.ts';

/** Every job that the API lists, through all pages. */
export const listAllJobs = async (client: Client): Promise<JobSummaryDto[]> => {
  const all: JobSummaryDto[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<Client['listJobs']>> = await client.listJobs({
      limit: 500,
      ...(cursor === null ? {} : { cursor }),
    });
    all.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return all;
};

/** A job with its attempts and all its events. */
export const storyOf = async (client: Client, id: string): Promise<JobStory> => {
  const [job, events] = await Promise.all([client.getJob(id), client.listEvents(id)]);
  return { job, events: events.items };
};

/** The stories of every job there is. */
export const allStories = async (client: Client): Promise<JobStory[]> => {
  const stories: JobStory[] = [];
  for (const { id } of await listAllJobs(client)) stories.push(await storyOf(client, id));
  return stories;
};
