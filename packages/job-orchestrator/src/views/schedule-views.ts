import type { FiringDto, ScheduleDto } from '@job-orchestrator/types';
import { limits } from '@job-orchestrator/types/limits';
import { shortId } from '@job-orchestrator/types/ids';
import type { ListView } from '../output/format.ts';
import { safeLine } from '../output/sanitize.ts';
import type { Colours } from '../output/screen.ts';
import { between, durationText, zonedText } from '../output/times.ts';

const nextText = ({ pausedAt, nextAt }: ScheduleDto, now: Date): string => {
  if (pausedAt !== null) return 'paused';
  return nextAt === null ? 'never' : `in ${durationText(Date.parse(nextAt) - now.getTime())}`;
};

/** How schedules are listed. */
export const schedulesView = (now: Date): ListView<ScheduleDto> => ({
  kind: 'schedule',
  name: ({ name }) => name,
  whenEmpty: "no schedules; make one: job-orchestrator schedule create NAME --dag DAG --cron '0 3 * * *'",
  columns: [
    { header: 'NAME', value: ({ name }) => name },
    { header: 'DAG', value: ({ dag }) => dag },
    { header: 'CRON', value: ({ cron }) => cron },
    { header: 'TIME ZONE', value: ({ timeZone }) => timeZone, drop: 2 },
    { header: 'NEXT', value: (schedule) => nextText(schedule, now) },
    { header: 'OVERLAP', value: ({ overlap }) => overlap, drop: 3 },
    { header: 'CATCH-UP', value: ({ catchUp }) => catchUp, drop: 4 },
    { header: 'AGE', value: ({ createdAt }) => between(createdAt, null, now), drop: 5 },
  ],
});

const reasons = {
  overlap: 'skipped: the run before was still open',
  missed: 'missed: nothing was there to start it',
  paused: 'skipped: the schedule was paused',
  refused: 'refused',
} as const;

const fateOf = ({ outcome, message, runId }: FiringDto): string => {
  if (outcome === 'started') return `run ${shortId(runId ?? '')}`;
  return message === null ? reasons[outcome] : `${reasons[outcome]}: ${message}`;
};

const firingLine = (firing: FiringDto, timeZone: string): string => {
  const { scheduledAt, throughAt, times } = firing;
  const many = times === 1 ? '' : ` through ${zonedText(throughAt, timeZone)} (${countText(times)} times)`;
  return `  ${zonedText(scheduledAt, timeZone)}${many}  ${safeLine(fateOf(firing))}`;
};

const countText = (times: number): string =>
  times < limits.schedule.timesCounted ? String(times) : `${times} or more`;

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines];

/** A schedule as text: when it runs, and what became of its latest times. Ends with a newline. */
export const scheduleStory = (
  schedule: ScheduleDto,
  firings: readonly FiringDto[],
  now: Date,
  colours: Colours,
): string => {
  const { name, dag, cron, timeZone, overlap, catchUp, inputs, next } = schedule;
  const lines = [
    `${colours.bold(name)}  runs ${dag}  ${cron}  ${timeZone}`,
    `overlap ${overlap}, catch-up ${catchUp}; next: ${nextText(schedule, now)}`,
    `created by ${safeLine(schedule.createdBy)} ${between(schedule.createdAt, null, now)} ago`,
    ...(Object.keys(inputs).length === 0 ? [] : [`inputs  ${safeLine(JSON.stringify(inputs))}`]),
    ...section(
      'next times',
      next.map((time) => `  ${zonedText(time, timeZone)}`),
    ),
    ...section(
      'past times, newest first',
      firings.map((firing) => firingLine(firing, timeZone)),
    ),
  ];
  return `${lines.join('\n')}\n`;
};
