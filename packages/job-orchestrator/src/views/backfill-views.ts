import type { BackfillDto, BackfillPlanDto } from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import type { ListView } from '../output/format.ts';
import { safeLine } from '../output/sanitize.ts';
import { between, timeText, zonedText } from '../output/times.ts';

type PlannedTime = BackfillPlanDto['times'][number];

const shownMost = 20;

const timeLine = ({ at, runs, runId, runState }: PlannedTime, timeZone: string): string => {
  const before = runId === null ? '' : `run ${shortId(runId)} is ${runState}`;
  const fate = runs ? (runId === null ? 'runs' : `runs again: ${before}`) : `left out: ${before}`;
  return `  ${zonedText(at, timeZone)}  ${fate}`;
};

/** What a backfill runs, in lines: how many, and which times; of many the first and the last ones. */
export const planLines = (plan: BackfillPlanDto): readonly string[] => {
  const { dag, schedule, times, runs, maxParallel, timeZone } = plan;
  const left = times.length - runs;
  const kept = left === 0 ? '' : `; ${left} have a run already`;
  const lines = times.map((time) => timeLine(time, timeZone));
  const half = shownMost / 2;
  const shown =
    lines.length <= shownMost
      ? lines
      : [...lines.slice(0, half), `  … ${lines.length - shownMost} more …`, ...lines.slice(-half)];
  return [
    `${runs} ${runs === 1 ? 'run' : 'runs'} of ${dag} by schedule ${schedule}, at most ${maxParallel} at once${kept}`,
    ...shown,
  ];
};

/** How backfills are listed. */
export const backfillsView = (now: Date): ListView<BackfillDto> => ({
  kind: 'backfill',
  name: ({ id }) => id,
  whenEmpty: 'no backfills; start one: job-orchestrator dag backfill DAG --from DAY --to DAY',
  columns: [
    { header: 'ID', value: ({ id }) => shortId(id) },
    { header: 'DAG', value: ({ dag }) => dag },
    { header: 'SCHEDULE', value: ({ schedule }) => schedule, drop: 1 },
    { header: 'STATE', value: ({ state }) => state },
    { header: 'DONE', value: ({ times }) => `${doneOf(times)}/${times.total}` },
    { header: 'FAILED', value: ({ times }) => String(times.failed + times.refused) },
    { header: 'AGE', value: ({ createdAt }) => between(createdAt, null, now), drop: 2 },
  ],
});

const doneOf = ({ completed, failed, cancelled, refused }: BackfillDto['times']): number =>
  completed + failed + cancelled + refused;

/** A backfill as text. Ends with a newline. */
export const backfillStory = (backfill: BackfillDto): string => {
  const { id, dag, schedule, state, times, maxParallel, createdAt, createdBy, reason } = backfill;
  const counts = Object.entries(times)
    .filter(([word, count]) => word === 'total' || count > 0)
    .map(([word, count]) => `${count} ${word}`);
  return `${[
    `${dag} by schedule ${schedule}  ${state}  ${id}`,
    `${counts.join(', ')}; at most ${maxParallel} at once`,
    `started ${timeText(createdAt)} by ${safeLine(createdBy)}: ${safeLine(reason)}`,
    ...(backfill.cancelledAt === null ? [] : [`cancelled ${timeText(backfill.cancelledAt)}`]),
    ...(backfill.finishedAt === null ? [] : [`ended ${timeText(backfill.finishedAt)}`]),
  ].join('\n')}\n`;
};
