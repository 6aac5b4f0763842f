import type {
  GroupProgress,
  ItemEnd,
  JsonObject,
  JsonValue,
  NodeProgress,
  NodeReason,
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
export interface RunConstants<Job> {
  readonly index: GraphIndex;
  readonly inputs: JsonObject;
  readonly facts: Omit<RunFacts, 'state'>;
  readonly expressions: Expressions<Job>;
  /** Most node runs that one step starts: it bounds how long a step holds its run. */
  readonly startsMost: number;
}

/** What a plan turned out to need besides what it was shown. */
export interface Missing {
  readonly nodes: Set<number>;
  all: boolean;
  readonly outputs: Set<number>;
  readonly items: Map<number, { readonly node: number; readonly from: number; readonly count: number }>;
  startable: boolean;
}

/**
 * A plan in the making. Whatever it asks for that is not known lands in `missing`; then the draft is thrown away and
 * made anew with it.
 */
export interface Draft<Job> extends RunConstants<Job> {
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
  readonly itemsCancelled: { readonly node: number; readonly from: number; readonly reason: NodeReason }[];
  readonly starts: NodeStart<Job>[];
  readonly cancels: { readonly nodes: number[]; ordinary: boolean; final: boolean };
  again: boolean;
  readonly missing: Missing;
}

/** A draft of the next step of a run as `view` shows it. */
export const createDraft = <Job>(constants: RunConstants<Job>, view: PlanView): Draft<Job> => ({
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
  cancels: { nodes: [], ordinary: false, final: false },
  again: false,
  missing: { nodes: new Set(), all: false, outputs: new Set(), items: new Map(), startable: false },
});

/** A node as it is in this draft; null when it is not known yet, which `missing` remembers. */
export const nodeOf = <Job>(draft: Draft<Job>, node: number): DraftNode | null => {
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

/** True while something is missing that this draft cannot go on without. */
export const isMissing = ({ missing }: Draft<unknown>): boolean =>
  missing.all ||
  missing.startable ||
  missing.nodes.size > 0 ||
  missing.outputs.size > 0 ||
  missing.items.size > 0;

/** True when every node is known; if not, `missing` asks for all. */
export const knowsAll = <Job>(draft: Draft<Job>): boolean => {
  const known = draft.view.nodes.size === draft.index.graph.nodes.length;
  if (!known) draft.missing.all = true;
  return known;
};
