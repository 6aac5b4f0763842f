import type { ScheduleRules } from '@job-orchestrator/operations';
import { invalidInput, type ExpressionScope, type JsonObject } from '@job-orchestrator/types';
import { Cron } from 'croner';
import { renderValue } from '../expressions/evaluate.ts';
import { ruleProblems } from './check-rule.ts';
import { planResume } from './plan-firing.ts';
import { nextTime, nextTimes, timesBetween } from './times.ts';

/** Swedish dates are written as ISO ones. */
const dayIn = (timeZone: string, at: Date): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(at);

/** The first moment of a day (YYYY-MM-DD) in a time zone. */
const startOfDay = (timeZone: string, day: string): Date =>
  new Cron(`${day}T00:00:00`, { timezone: timeZone }).nextRun(new Date(0))!;

const dayAfter = (day: string): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

/** What the inputs of a schedule may read: of the run only the time that it runs for. */
const scopeAt = (timeZone: string, at: Date): ExpressionScope => {
  const run = { scheduledAt: at.toISOString(), scheduledDay: dayIn(timeZone, at) };
  return { inputs: {}, nodes: {}, run: run as unknown as ExpressionScope['run'] };
};

/** The rules of schedules, as the operations ask for them. */
export const scheduleRules: ScheduleRules = {
  problems: ruleProblems,
  next: nextTime,
  upcoming: nextTimes,
  between: timesBetween,
  resume: planResume,
  inputsAt: ({ timeZone, inputs }, at) => {
    const rendered = renderValue(inputs, scopeAt(timeZone, at), 'inputs');
    if (rendered.ok) return rendered.value as JsonObject;
    const { message } = rendered.problem;
    throw invalidInput([
      {
        ...rendered.problem,
        message: `${message}; inputs of a schedule may read run.scheduledAt and run.scheduledDay`,
      },
    ]);
  },
  day: (timeZone, day) => ({
    from: startOfDay(timeZone, day),
    to: new Date(startOfDay(timeZone, dayAfter(day)).getTime() - 1),
  }),
};
