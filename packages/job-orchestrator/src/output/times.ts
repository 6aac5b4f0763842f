const two = (value: number): string => String(value).padStart(2, '0');

/** A length of time for people: `40ms`, `3.2s`, `4m05s`, `2h03m`, `3d4h`. Milliseconds; below 0 counts as 0. */
export const durationText = (ms: number): string => {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 10) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`;
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h${two(Math.floor(seconds / 60) % 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${Math.floor(seconds / 3_600) % 24}h`;
};

/** From one time (as the API writes it) to another, or to now; `–` before it began. */
export const between = (from: string | null, to: string | null, now: Date): string => {
  if (from === null) return '–';
  const ms = (to === null ? now : new Date(to)).getTime() - Date.parse(from);
  // Kubernetes cuts its times to the second: the same twice is less than one, not nothing.
  return ms === 0 && to !== null && Date.parse(to) % 1_000 === 0 ? '<1s' : durationText(ms);
};

/** A point in time as the API writes it, in UTC with seconds. */
export const timeText = (time: string | null): string =>
  time === null
    ? '–'
    : new Date(time)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, 'Z');

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `10m`, `1h30m` or plain seconds, as milliseconds; null for anything else. */
export const parseDuration = (text: string): number | null => {
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  if (!/^(\d{1,9}(ms|s|m|h|d))+$/.test(text)) return null;
  return [...text.matchAll(/(\d+)(ms|s|m|h|d)/g)].reduce(
    (sum, [, n, unit]) => sum + Number(n) * (units[unit!] ?? 0),
    0,
  );
};

/** A point in time (as the API writes it) by the clocks of a time zone: `2026-03-29 03:00 +02:00`. */
export const zonedText = (time: string, timeZone: string): string =>
  new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'longOffset',
  })
    .format(new Date(time))
    .replace(/GMT(\+00:00)?$/, 'UTC')
    .replace('GMT', '');
