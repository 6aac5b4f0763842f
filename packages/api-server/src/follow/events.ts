import { isTerminalJobState, type JobEvent, type JobId, type JobState } from '@job-orchestrator/types';
import type { ApiContext } from '../context.ts';
import { createPace } from './pace.ts';

/** What a followed story says: its events in order, then `end` with the job's final state. */
export type StoryItem =
  { readonly kind: 'event'; readonly event: JobEvent } | { readonly kind: 'end'; readonly state: JobState };

const pageSize = 500;

type StoryContext = Pick<ApiContext, 'database' | 'wakes' | 'timings'>;

async function* readOn(
  context: StoryContext,
  job: JobId,
  after: number,
): AsyncGenerator<JobEvent, void, undefined> {
  let last = after;
  for (;;) {
    const events = await context.database.history.listEvents(job, last, pageSize);
    yield* events;
    last = events.at(-1)?.seq ?? last;
    if (events.length < pageSize) return;
  }
}

/** Follows a job's events above a number until it has ended and all were told, or the signal aborts. */
export async function* followStory(
  context: StoryContext,
  job: JobId,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<StoryItem, void, undefined> {
  const pace = createPace(context.wakes, context.timings, signal);
  let last = after;
  while (!signal.aborted) {
    // The state is read first: once it is terminal, the events read after it are complete.
    const record = await context.database.history.getJob(job);
    for await (const event of readOn(context, job, last)) {
      last = event.seq;
      pace.reset();
      yield { kind: 'event', event };
    }
    if (record === null) return;
    if (isTerminalJobState(record.state)) {
      yield { kind: 'end', state: record.state };
      return;
    }
    await pace.rest();
  }
}
