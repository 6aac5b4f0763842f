import type { NodeRunState } from '@job-orchestrator/types';

/** How a node of a run stands, for its picture: by the node's name. */
export interface NodeMark {
  readonly state: NodeRunState;
  /** A few words beneath the name, such as how long it ran. */
  readonly note: string;
}

export type NodeMarks = ReadonlyMap<string, NodeMark>;

/** Of several nodes in one box the one that asks most for attention speaks for all. */
const byAttention: readonly NodeRunState[] = [
  'failed',
  'running',
  'cancelled',
  'ready',
  'waiting',
  'skipped',
  'completed',
];

/** The mark of a box that stands for all of these; undefined where nothing is known of them. */
export const markOf = (marks: NodeMarks, names: readonly string[]): NodeMark | undefined => {
  const [first, ...more] = names.flatMap((name) => marks.get(name) ?? []);
  if (first === undefined || more.length === 0) return first;
  const all = [first, ...more];
  const counts = byAttention.flatMap((state) => {
    const count = all.filter((mark) => mark.state === state).length;
    return count === 0 ? [] : [{ state, count }];
  });
  return {
    state: counts[0]!.state,
    note: counts.map(({ state, count }) => `${count} ${state}`).join(', '),
  };
};

/** Fill and border of a box by its state, for light and for dark. */
export const stateColours: Readonly<
  Record<
    NodeRunState,
    { readonly light: readonly [string, string]; readonly dark: readonly [string, string] }
  >
> = {
  waiting: { light: ['#ffffff', '#94a3b8'], dark: ['#1e293b', '#64748b'] },
  ready: { light: ['#f1f5f9', '#475569'], dark: ['#334155', '#94a3b8'] },
  running: { light: ['#dbeafe', '#2563eb'], dark: ['#1e3a8a', '#60a5fa'] },
  completed: { light: ['#dcfce7', '#16a34a'], dark: ['#14532d', '#4ade80'] },
  failed: { light: ['#fee2e2', '#dc2626'], dark: ['#7f1d1d', '#f87171'] },
  skipped: { light: ['#f5f5f4', '#a8a29e'], dark: ['#292524', '#78716c'] },
  cancelled: { light: ['#ffedd5', '#ea580c'], dark: ['#7c2d12', '#fb923c'] },
};
