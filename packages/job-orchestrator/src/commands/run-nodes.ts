import type { JsonValue, NodeRunDto } from '@job-orchestrator/types';
import { given } from '../given.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { writeList } from '../output/format.ts';
import { nodesView } from '../views/node-views.ts';
import type { Cli, FormatFlags, ServerFlags } from './cli.ts';
import { noteNext } from './get.ts';
import { withServer, type Session } from './session.ts';

export type GetNodesFlags = ServerFlags & FormatFlags & { readonly limit?: number; readonly cursor?: string };

/** A node run with what its job or its DAG brought; null: nothing, or nothing yet. */
export interface NodeResult extends NodeRunDto {
  readonly output: JsonValue;
}

const jobsAtOnce = 10;

const outputOf = async ({ client }: Session, node: NodeRunDto): Promise<JsonValue> => {
  if (node.state !== 'completed') return null;
  if (node.childRun !== null) return (await client.getDagRun(node.childRun)).outputs;
  const known = node.jobId !== null && node.jobState !== null;
  return known ? ((await client.getJob(node.jobId)).output?.value ?? null) : null;
};

const withOutput = async (session: Session, node: NodeRunDto): Promise<NodeResult> => ({
  ...node,
  output: await outputOf(session, node),
});

const withOutputs = async (session: Session, nodes: readonly NodeRunDto[]): Promise<NodeResult[]> => {
  const results: NodeResult[] = [];
  for (let from = 0; from < nodes.length; from += jobsAtOnce) {
    const some = nodes.slice(from, from + jobsAtOnce);
    results.push(...(await Promise.all(some.map((node) => withOutput(session, node)))));
  }
  return results;
};

/** `get nodes RUN`: each node, and each item that has started or waits, with what it brought. */
export const getNodes = (cli: Cli, selector: string, flags: GetNodesFlags): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const { client, screen } = session;
    const { limit, cursor } = flags;
    const { items, next } = await client.listNodeRuns(selector, given({ limit, cursor }));
    const results = await withOutputs(session, items);
    await writeList(screen, flags.format, nodesView(new Date(), screen.outColours), results);
    noteNext(screen, next);
    return exitCodes.ok;
  });
