import type { LogExtent } from '@job-orchestrator/types';
import type { Client, LogOptions } from '../api.ts';
import { toLogMessage, type LogFacts } from '../log-messages.ts';
import { queryOf } from '../queries.ts';
import { readMessages, readPieces, type ReconnectRule } from '../sse/reader.ts';
import { callOptions, type Call, type Transport } from '../transport.ts';
import { jobPath } from './jobs.ts';

const logCall = (selector: string, options: LogOptions, follow?: true): Call => ({
  ...callOptions(options),
  method: 'GET',
  path: jobPath(selector, '/logs'),
  query: queryOf({ attempt: options.attempt, tail: options.tail, container: options.container, follow }),
});

/** An older server does not say. */
const skippedOf = (header: string | null): number | null =>
  header !== null && /^\d+$/.test(header) ? Number(header) : null;

const extentOf = (header: string | null): LogExtent =>
  header === 'at_least' || header === 'end_missing' ? header : 'exact';

const factsOf = (headers: Headers): LogFacts => ({
  attempt: Number(headers.get('x-log-attempt')),
  truncated: headers.get('x-log-truncated') === 'true',
  skipped: skippedOf(headers.get('x-log-skipped')),
  extent: extentOf(headers.get('x-log-extent')),
});

const plain = (call: Call): Call => ({ ...call, headers: { accept: 'text/plain' } });

export const logCalls = (
  transport: Transport,
  rule: ReconnectRule,
): Pick<Client, 'readLog' | 'streamLog' | 'followLog'> => ({
  async readLog(selector, options = {}) {
    const { text, headers } = await transport.text(plain(logCall(selector, options)));
    return { text, ...factsOf(headers) };
  },
  async streamLog(selector, options = {}) {
    const { body, headers } = await transport.open(plain(logCall(selector, options)));
    return {
      bytes: readPieces(body ?? new Blob([]).stream(), transport.server, rule.silenceMs),
      ...factsOf(headers),
    };
  },
  followLog: (selector, options = {}) =>
    readMessages(transport, logCall(selector, options, true), toLogMessage, rule, options.onGone),
});
