import { didYouMean, limits, type CronRule, type Problem } from '@job-orchestrator/types';
import { Cron } from 'croner';
import { nextTime } from './times.ts';

interface Field {
  readonly name: string;
  readonly allowed: string;
  readonly words: readonly string[];
}

const months = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const days = 'SUN MON TUE WED THU FRI SAT'.split(' ');
const nicknames = '@hourly @daily @midnight @weekly @monthly @yearly @annually'.split(' ');

const fields: readonly Field[] = [
  { name: 'minute', allowed: '0 to 59', words: [] },
  { name: 'hour', allowed: '0 to 23', words: [] },
  { name: 'day of the month', allowed: '1 to 31, or L for the last', words: [] },
  { name: 'month', allowed: '1 to 12, or JAN to DEC', words: months },
  { name: 'day of the week', allowed: '0 to 7 (0 and 7 are Sunday), or SUN to SAT', words: days },
];
const shape = 'minute hour day-of-month month day-of-week';

const parses = (cron: string): boolean => {
  try {
    return new Cron(cron, { mode: '5-part' }).getPattern() !== undefined;
  } catch {
    return false;
  }
};

/** The expression with a caret under the part that is meant. */
const pointAt = (cron: string, offset: number, length: number): string =>
  `${cron}\n${' '.repeat(offset)}${'^'.repeat(Math.max(1, length))}`;

const problem = (cron: string, message: string, offset = 0, length = cron.length): Problem => ({
  field: 'cron',
  message,
  value: cron,
  excerpt: pointAt(cron, offset, length),
});

/** `MUN` → MON: the first word of a field that is none of its words. */
const meantWord = (text: string, words: readonly string[]): string => {
  const wrong = (text.match(/[A-Za-z]{2,}/g) ?? []).find((word) => !words.includes(word.toUpperCase()));
  const near = wrong === undefined ? null : didYouMean(wrong, words);
  return near === null ? '' : `; did you mean ${near}?`;
};

/** A field is wrong where the expression that has only this field, and stars for the others, is not understood. */
const fieldProblems = (cron: string, parts: readonly RegExpMatchArray[]): readonly Problem[] =>
  parts.flatMap(({ 0: text, index = 0 }, at) => {
    const alone = fields.map((_, other) => (other === at ? text : '*')).join(' ');
    if (parses(alone)) return [];
    const { name, allowed, words } = fields[at]!;
    const hint = meantWord(text, words);
    const message = `field ${at + 1} (${name}) is not understood: ${text}; allowed are ${allowed}, with * , - and /${hint}`;
    return [problem(cron, message, index, text.length)];
  });

const countProblem = (cron: string, parts: readonly RegExpMatchArray[]): Problem => {
  const sixth = parts.at(5);
  const seconds = parts.length === 6 ? '; seconds are not supported, so leave out one field' : '';
  const message = `must have five fields (${shape}) or be one of ${nicknames.join(', ')}; it has ${parts.length}${seconds}`;
  return problem(cron, message, sixth?.index ?? 0, sixth === undefined ? cron.length : sixth[0].length);
};

const cronProblems = (cron: string): readonly Problem[] => {
  const text = cron.trim();
  if (text.startsWith('@')) {
    if (nicknames.includes(text.toLowerCase())) return [];
    const near = didYouMean(text, nicknames);
    const hint = near === null ? '' : `; did you mean ${near}?`;
    return [problem(cron, `must be one of ${nicknames.join(', ')}, or five fields (${shape})${hint}`)];
  }
  const parts = [...cron.matchAll(/\S+/g)];
  if (parts.length !== 5) return [countProblem(cron, parts)];
  const wrong = fieldProblems(cron, parts);
  return wrong.length > 0 || parses(cron) ? wrong : [problem(cron, 'is not understood')];
};

const isTimeZone = (timeZone: string): boolean => {
  if (!/^[A-Za-z]/.test(timeZone)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).format(0) !== '';
  } catch {
    return false;
  }
};

/** `Berlin` or `Europe/Berln` → Europe/Berlin. */
const meantZone = (timeZone: string): string | null => {
  const zones = Intl.supportedValuesOf('timeZone');
  const city = timeZone.toLowerCase().replaceAll(' ', '_');
  const ofCity = zones.find((zone) => zone.toLowerCase().endsWith(`/${city}`));
  return ofCity ?? didYouMean(timeZone, [...zones, 'UTC']);
};

const zoneProblems = (timeZone: string): readonly Problem[] => {
  if (isTimeZone(timeZone)) return [];
  const near = meantZone(timeZone);
  const hint = near === null ? '' : `; did you mean ${near}?`;
  const message = `must be an IANA time zone such as Europe/Berlin, or UTC${hint}`;
  return [{ field: 'timeZone', message, value: timeZone }];
};

const tooLong = (field: string, text: string, limit: number): readonly Problem[] =>
  text.length > limit ? [{ field, message: `must be at most ${limit} characters`, limit }] : [];

/** What is wrong with a rule of times; empty: it gives times after `now`. */
export const ruleProblems = (rule: CronRule, now: Date): readonly Problem[] => {
  const long = [
    ...tooLong('cron', rule.cron, limits.schedule.cronChars),
    ...tooLong('timeZone', rule.timeZone, limits.schedule.timeZoneChars),
  ];
  if (long.length > 0) return long;
  const wrong = [...cronProblems(rule.cron), ...zoneProblems(rule.timeZone)];
  if (wrong.length > 0 || nextTime(rule, now) !== null) return wrong;
  return [problem(rule.cron, 'never comes: no day fits, such as the 30th of February')];
};
