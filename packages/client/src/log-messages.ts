import type { LogEnd, LogExtent } from '@job-orchestrator/types';
import type { ServerSentEvent } from './sse/parser.ts';

/**
 * What a followed log says, in order: `attempt` before the text of each attempt (a retry begins a new one),
 * `gap` where bytes were rotated away or not kept (`atLeast`: so many or more; null: nobody knows how many), and `end` last of all.
 */
export type LogMessage =
  | { readonly kind: 'attempt'; readonly attempt: number }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'gap'; readonly bytes: number | null; readonly atLeast?: true }
  | ({ readonly kind: 'end' } & LogEnd);

/** The message of an event; null for kinds that a newer server may send. */
export const toLogMessage = (event: ServerSentEvent): LogMessage | null => {
  const kind = event.event === 'message' ? 'text' : event.event;
  if (kind !== 'attempt' && kind !== 'text' && kind !== 'gap' && kind !== 'end') return null;
  return { kind, ...(JSON.parse(event.data) as object) } as LogMessage;
};

/** A log as it is now: all that is there of a running attempt, the stored tail of an ended one. */
export interface LogText extends LogFacts {
  readonly text: string;
}

/** A log as `LogText` has it, in the pieces in which it arrives. */
export interface LogStream extends LogFacts {
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** What is known of a log that is read. */
export interface LogFacts {
  readonly attempt: number;
  /** True when it is not, or may not be, the whole log. */
  readonly truncated: boolean;
  /** How well it is known: `at_least`: `skipped` bytes or more came before it; `end_missing`: its end could not be read. */
  readonly extent: LogExtent;
  /** How many bytes came before it; null: nobody knows. */
  readonly skipped: number | null;
}
