import type { Logger } from '@job-orchestrator/types';
import { pino } from 'pino';
import { logLevels, type Config, type LogLevel } from '../config/config.ts';
import { safeLine } from '../output/sanitize.ts';

const fieldText = (value: unknown): string => {
  if (value instanceof Error) return JSON.stringify(value.message);
  if (typeof value === 'string') return /^[\w./:@%+-]{1,200}$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? 'undefined';
};

const textLine = (level: LogLevel, fields: object, message: string): string => {
  const time = new Date().toISOString().slice(11, 19);
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${fieldText(value)}`);
  return safeLine([time, level.padEnd(5), message, ...rest].join(' '));
};

/** Lines for people on stderr. */
const textLogger = (least: LogLevel): Logger => {
  const at =
    (level: LogLevel) =>
    (fields: object, message: string): void => {
      if (logLevels.indexOf(level) < logLevels.indexOf(least)) return;
      process.stderr.write(`${textLine(level, fields, message)}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
};

/** The logger of a server: text for people, or JSON lines for machines; both on stderr. */
export const createLogger = ({ level, format }: Config['log']): Logger => {
  if (format === 'text') return textLogger(level);
  const destination = pino.destination({ dest: 2, sync: true });
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
  };
};
