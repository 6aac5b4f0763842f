import { limits, type CronRule } from '@job-orchestrator/types';
import { Cron } from 'croner';

/** Finding a time takes up to 0.2 ms, making the object of a rule as much again. */
const known = new Map<string, Cron>();
const mostKnown = 1_000;

/**
 * Five fields: a minute is the finest step. `no-wildcard`: an expression whose minute and hour name their values is a
 * fixed time, which daylight saving neither drops nor doubles, as in Vixie cron (docs/schedules.md).
 */
export const cronOf = ({ cron, timeZone }: CronRule): Cron => {
  const key = `${timeZone} ${cron}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = new Cron(cron, { timezone: timeZone, mode: '5-part', fixedTimeRule: 'no-wildcard' });
  const oldest = known.keys().next().value;
  if (known.size >= mostKnown && oldest !== undefined) known.delete(oldest);
  known.set(key, made);
  return made;
};

/** The first time after a moment; null: none comes any more. */
export const nextTime = (rule: CronRule, after: Date): Date | null => cronOf(rule).nextRun(after);

/** The first times after a moment, at most `count`. */
export const nextTimes = (rule: CronRule, after: Date, count: number): readonly Date[] =>
  cronOf(rule).nextRuns(count, after);

/** Times are whole seconds: the smallest step that puts a moment behind one. */
const behind = (at: Date): Date => new Date(at.getTime() + 1_000);

/** The last times up to a moment, that one included, at most `count`, oldest first. */
export const timesUpTo = (rule: CronRule, through: Date, count: number): readonly Date[] =>
  cronOf(rule)
    .previousRuns(count + 1, behind(through))
    .filter((time) => time <= through)
    .slice(0, count)
    .toReversed();

/** Times from one moment to another, both included, at most `count`. */
export const timesBetween = (rule: CronRule, from: Date, to: Date, count: number): readonly Date[] => {
  const times: Date[] = [];
  let time = nextTime(rule, new Date(from.getTime() - 1));
  while (time !== null && time <= to && times.length < count) {
    times.push(time);
    time = nextTime(rule, time);
  }
  return times;
};

/** How many times lie between two moments, both included, counted up to `limits.schedule.timesCounted`. */
export const countTimes = (rule: CronRule, from: Date, to: Date): number =>
  timesBetween(rule, from, to, limits.schedule.timesCounted).length;
