import type { DagRunDto } from '@job-orchestrator/types';
import { setTimeout as delay } from 'node:timers/promises';
import { nodeLine, runStory, type TreeNode } from '../views/run-story.ts';
import type { Session } from './session.ts';

/** How a run is watched. `nodes` reads them all. */
export interface WatchRun {
  readonly signal: AbortSignal;
  /** null: to its end. */
  readonly timeoutMs: number | null;
  readonly nodes: () => Promise<readonly TreeNode[]>;
}

const betweenLooksMs = 300;

/** Only what the terminal still shows can be drawn over. */
const redraw = (screen: Session['screen'], before: number, text: string): number => {
  const lines = text.split('\n').length - 1;
  screen.out(`${before > 0 ? `\u001b[${before}A\u001b[0J` : ''}${text}`);
  return lines;
};

/** Each node whose state is news, as a line. */
const tellNews = (screen: Session['screen'], told: Map<string, string>, nodes: readonly TreeNode[]): void => {
  for (const node of nodes) {
    const key = `${node.run} ${node.node} ${node.item}`;
    if (node.state === 'waiting' || node.state === 'ready' || told.get(key) === node.state) continue;
    told.set(key, node.state);
    screen.out(`${nodeLine(node, new Date())}\n`);
  }
};

/** Follows a run: a live tree on a terminal, a line per news elsewhere. Returns it as it stood at the last look. */
export const watchRun = async (
  { client, screen }: Session,
  id: string,
  { signal, timeoutMs, nodes }: WatchRun,
): Promise<DagRunDto> => {
  const told = new Map<string, string>();
  const until = timeoutMs === null ? Infinity : performance.now() + timeoutMs;
  for (let drawn = 0; ;) {
    const run = await client.getDagRun(id, { signal });
    const all = await nodes();
    if (screen.outStyle.terminal)
      drawn = redraw(screen, drawn, runStory(run, all, new Date(), screen.outColours));
    else tellNews(screen, told, all);
    if (run.finishedAt !== null || performance.now() > until) {
      if (!screen.outStyle.terminal) screen.out(`run ${run.state}\n`);
      return run;
    }
    await delay(betweenLooksMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
};
