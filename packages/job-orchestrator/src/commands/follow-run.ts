import type { Client } from '@job-orchestrator/client';
import type { DagRunDto } from '@job-orchestrator/types';
import { isOrchestratorError } from '@job-orchestrator/types/errors';
import { setTimeout as delay } from 'node:timers/promises';
import type { TreeNode } from '../views/node-line.ts';
import { readTree } from './read-nodes.ts';
import { rideThrough } from './ride-through.ts';

/** A run as it stands, with its nodes in the order of the graph, each followed by those of the run below it. */
export interface RunStanding {
  readonly run: DagRunDto;
  readonly nodes: () => readonly TreeNode[];
}

const betweenLooksMs = 1_000;
/** A server says at once how a run stands; one that is silent for so long stands behind a proxy that keeps streams back. */
const firstWordMs = 10_000;

/** The stream is of one run: a run with runs below it is looked at with them. */
class HasRunsBelow extends Error {}

/** What goes wrong on the way, told once each time. */
export interface Troubles {
  /** There is no stream, and why: the run is looked at. */
  readonly onLooking: (why: string) => void;
  /** The server does not answer; it is asked again. */
  readonly onGone: () => void;
}

async function* fromStream(
  client: Client,
  id: string,
  signal: AbortSignal,
  onGone: () => void,
): AsyncGenerator<RunStanding> {
  const nodes = new Map<string, TreeNode>();
  const inOrder = (): readonly TreeNode[] =>
    [...nodes.values()].toSorted((a, b) => a.node - b.node || (a.item ?? -1) - (b.item ?? -1));
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(new Error('it says nothing')), firstWordMs);
  try {
    for await (const message of client.followDagRun(id, {
      signal: AbortSignal.any([signal, patience.signal]),
      onGone,
    })) {
      clearTimeout(timer);
      if (message.kind === 'node') {
        const { node } = message;
        if (node.childRun !== null) throw new HasRunsBelow();
        nodes.set(`${node.node} ${node.item ?? ''}`, { ...node, run: id, depth: 0 });
      }
      if (message.kind === 'run') yield { run: message.run, nodes: inOrder };
    }
  } finally {
    clearTimeout(timer);
  }
}

async function* fromLooks(
  client: Client,
  id: string,
  signal: AbortSignal,
  onGone: () => void,
): AsyncGenerator<RunStanding> {
  for (;;) {
    const look = () => Promise.all([client.getDagRun(id, { signal }), readTree({ client }, id)]);
    const [run, nodes] = await rideThrough(look, { signal, onGone });
    yield { run, nodes: () => nodes };
    if (run.finishedAt !== null) return;
    await delay(betweenLooksMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** An older server has no such stream, and a proxy may let none through; who is refused is refused either way. */
const isRefused = (error: unknown): boolean =>
  isOrchestratorError(error) && ['unauthorized', 'dag_run_not_found'].includes(error.code);

/**
 * A run as it stands, again at each change, until it has ended: from the server's stream, or by looking once a second
 * where that fails for good or where runs of other DAGs are part of the picture.
 * Throws the signal's reason.
 */
export async function* followRun(
  client: Client,
  id: string,
  signal: AbortSignal,
  { onLooking, onGone }: Troubles,
): AsyncGenerator<RunStanding> {
  try {
    yield* fromStream(client, id, signal, onGone);
    return;
  } catch (error) {
    signal.throwIfAborted();
    if (isRefused(error)) throw error;
    if (!(error instanceof HasRunsBelow)) onLooking((error as Error).message);
  }
  yield* fromLooks(client, id, signal, onGone);
}
