import type { DagRunDto, NodeRunDto, RunEnd } from '@job-orchestrator/types';
import type { ServerSentEvent } from './sse/parser.ts';

/**
 * What a followed run says: `node` for each node as it stands and for each that changes (items of `forEach` from their
 * start on), `run` after those that changed together, and `end` last of all. After a connection that broke, some of it
 * comes again: what counts is the latest of each.
 */
export type RunMessage =
  | { readonly kind: 'node'; readonly node: NodeRunDto }
  | { readonly kind: 'run'; readonly run: DagRunDto }
  | ({ readonly kind: 'end' } & RunEnd);

/** The message of an event; null for kinds that a newer server may send. */
export const toRunMessage = ({ event, data }: ServerSentEvent): RunMessage | null => {
  if (event === 'node') return { kind: 'node', node: JSON.parse(data) as NodeRunDto };
  if (event === 'run') return { kind: 'run', run: JSON.parse(data) as DagRunDto };
  return event === 'end' ? { kind: 'end', ...(JSON.parse(data) as RunEnd) } : null;
};
