import type { Client } from '@job-orchestrator/client';
import type { JobDetail, OutputEntryDto } from '@job-orchestrator/types';
import { exitCodes } from '../output/exit-codes.ts';
import { writeValue } from '../output/format.ts';
import { jobStory } from '../views/job-story.ts';
import type { Cli, FormatFlags, ServerFlags } from './cli.ts';
import { withServer } from './session.ts';

/** What a job left; nobody is asked about one that can have left nothing. */
export const outputsOf = async (client: Client, job: JobDetail): Promise<readonly OutputEntryDto[]> =>
  job.state === 'completed' && job.spec.output ? (await client.listOutputs(job.id)).items : [];

/** `describe job SELECTOR`: the story of a job in plain words. */
export const describeJob = (cli: Cli, selector: string, flags: ServerFlags & FormatFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const job = await client.getJob(selector);
    const { items: events } = await client.listEvents(job.id);
    const outputs = await outputsOf(client, job);
    const { format } = flags;
    if (format === 'json' || format === 'yaml') await writeValue(screen, format, { ...job, events, outputs });
    else if (format === 'name') screen.out(`job/${job.id}\n`);
    else
      screen.out(
        jobStory(job, events, outputs, new Date(), Math.min(screen.outStyle.columns, 120), screen.outColours),
      );
    return exitCodes.ok;
  });
