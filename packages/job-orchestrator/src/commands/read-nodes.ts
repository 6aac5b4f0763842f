import type { NodeRunDto } from '@job-orchestrator/types';
import { given } from '../given.ts';
import type { TreeNode } from '../views/node-line.ts';
import { isShown } from '../views/run-story.ts';
import type { Session } from './session.ts';

/** Every node of a run, page by page. */
export const allNodes = async (
  { client }: Pick<Session, 'client'>,
  run: string,
): Promise<readonly NodeRunDto[]> => {
  const nodes: NodeRunDto[] = [];
  for (let cursor: string | null = null; ;) {
    const page = await client.listNodeRuns(run, given({ limit: 500, cursor: cursor ?? undefined }));
    nodes.push(...page.items);
    if (page.next === null) return nodes;
    cursor = page.next;
  }
};

/** Runs of sub-DAGs whose nodes are read with those of the run above: each costs a request at every look. */
const childRunsMost = 20;

/** The nodes of a run, each followed by those of its sub-DAG, at every depth; of the first 20 sub-DAGs that are shown. */
export const readTree = async (
  session: Pick<Session, 'client'>,
  run: string,
): Promise<readonly TreeNode[]> => {
  let left = childRunsMost;
  const read = async (id: string, depth: number): Promise<readonly TreeNode[]> => {
    const tree: TreeNode[] = [];
    for (const node of await allNodes(session, id)) {
      tree.push({ ...node, run: id, depth });
      if (node.childRun === null || !isShown(node) || left === 0) continue;
      left -= 1;
      tree.push(...(await read(node.childRun, depth + 1)));
    }
    return tree;
  };
  return read(run, 0);
};
