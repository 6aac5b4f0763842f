import type {
  AdvancePlan,
  ApprovalEnd,
  GroupProgress,
  ItemEnd,
  JsonObject,
  JsonValue,
  NodeProgress,
  NodeStart,
  PlanView,
  RunFacts,
  RunProgress,
} from '@job-orchestrator/types';
import type { Expressions } from './expressions.ts';
import type { GraphIndex } from './graph-index.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
export type DraftNode = Mutable<NodeProgress>;

/** What a run is told besides its graph. */
export interface RunConstants<Work> {
  readonly index: GraphIndex;
  readonly inputs: JsonObject;
  readonly facts: Omit<RunFacts, 'state'>;
  readonly expressions: Expressions<Work>;
  /** Most node runs that one step starts: it bounds how long a step holds its run. */
  readonly startsMost: number;
  /** Most node runs of all runs under one top run. */
  readonly nodeRunsMost: number;
}

/** What a plan turned out to need besides what it was shown. */
export interface Missing {
  /** What depends on these is likely to be asked for next. */
  readonly nodes: Set<number>;
  /** Only to be looked at: nothing follows from them. */
  readonly looks: Set<number>;
  all: boolean;
  readonly outputs: Set<number>;
  readonly items: Map<number, { readonly node: number; readonly from: number; readonly count: number }>;
  startable: boolean;
  otherNodeRuns: boolean;
}

/**
 * A plan in the making. Whatever it asks for that is not known lands in `missing`; then the draft is thrown away and
 * made anew with it.
 */
export interface Draft<Work> extends RunConstants<Work> {
  readonly view: PlanView;
  readonly run: Mutable<Omit<RunProgress, 'groups'>>;
  readonly groups: Mutable<GroupProgress>[];
  /** The nodes that were touched. */
  readonly nodes: Map<number, DraftNode>;
  readonly changed: Set<number>;
  /** Nodes of which a parent has ended. */
  readonly unsettled: number[];
  /** Nodes that may be able to start. */
  readonly candidates: Set<number>;
  readonly expanded: Map<number, readonly JsonValue[]>;
  readonly itemEnds: ItemEnd[];
  readonly itemsCancelled: AdvancePlan<Work>['itemsCancelled'][number][];
  readonly starts: NodeStart<Work>[];
  readonly approvalEnds: ApprovalEnd[];
  /** Node runs that this step begins, those of sub-DAGs counted. */
  begun: number;
  /** Node runs that this step adds to runs of sub-DAGs. */
  inside: number;
  readonly cancels: { readonly nodes: number[]; ordinary: boolean; final: boolean };
  again: boolean;
  readonly missing: Missing;
}

/** A draft of the next step of a run as `view` shows it. */
export const createDraft = <Work>(constants: RunConstants<Work>, view: PlanView): Draft<Work> => ({
  ...constants,
  view,
  run: { ...view.run },
  groups: view.run.groups.map((group) => ({ ...group })),
  nodes: new Map(),
  changed: new Set(),
  unsettled: [],
  candidates: new Set(),
  expanded: new Map(),
  itemEnds: [],
  itemsCancelled: [],
  starts: [],
  approvalEnds: [],
  begun: 0,
  inside: 0,
  cancels: { nodes: [], ordinary: false, final: false },
  again: false,
  missing: {
    nodes: new Set(),
    looks: new Set(),
    all: false,
    outputs: new Set(),
    items: new Map(),
    startable: false,
    otherNodeRuns: false,
  },
});

/** A node as it is in this draft; null when it is not known yet, which `missing` remembers. */
export const nodeOf = <Work>(draft: Draft<Work>, node: number): DraftNode | null => {
  const touched = draft.nodes.get(node);
  if (touched !== undefined) return touched;
  const stored = draft.view.nodes.get(node);
  if (stored === undefined) {
    draft.missing.nodes.add(node);
    return null;
  }
  const copy = { ...stored };
  draft.nodes.set(node, copy);
  return copy;
};

/** A node only to be looked at: it is not touched. null when it is not known yet, which `missing` remembers. */
export const lookAt = ({ nodes, view, missing }: Draft<unknown>, node: number): NodeProgress | null => {
  const known = nodes.get(node) ?? view.nodes.get(node);
  if (known === undefined) missing.looks.add(node);
  return known ?? null;
};

/** Why so many more node runs are too many; null: they are not, or it is not known yet. */
export const limitProblem = <Work>(draft: Draft<Work>, more: number): string | null => {
  const { view, run, nodeRunsMost: most } = draft;
  if (more === 0) return null;
  if (view.otherNodeRuns === null) {
    draft.missing.otherNodeRuns = true;
    return null;
  }
  const others = view.otherNodeRuns + draft.inside;
  const now = run.nodeRuns + others;
  if (now + more <= most) return null;
  const whose = others === 0 ? 'the run' : 'the run with its sub-DAGs';
  return `${whose} has ${now} node runs, and this would add ${more}; the limit is ${most}`;
};

/** True while something is missing that this draft cannot go on without. */
export const isMissing = ({ missing }: Draft<unknown>): boolean =>
  missing.all ||
  missing.startable ||
  missing.otherNodeRuns ||
  missing.nodes.size > 0 ||
  missing.looks.size > 0 ||
  missing.outputs.size > 0 ||
  missing.items.size > 0;

/** True when every node is known; if not, `missing` asks for all. */
export const knowsAll = <Work>(draft: Draft<Work>): boolean => {
  const known = draft.view.nodes.size === draft.index.graph.nodes.length;
  if (!known) draft.missing.all = true;
  return known;
};
