import {
  countsAs,
  type NodeReason,
  type NodeRunState,
  type TerminalNodeRunState,
} from '@job-orchestrator/types';
import { nodeOf, type Draft, type DraftNode } from './draft.ts';
import { takesPlace } from './graph-index.ts';

/** True once a node run has reached the one state that it keeps. */
export const isTerminal = (state: NodeRunState): state is TerminalNodeRunState =>
  state === 'completed' || state === 'failed' || state === 'skipped' || state === 'cancelled';

/** How a node ends. */
export interface NodeEnd {
  readonly state: TerminalNodeRunState;
  readonly reason: NodeReason | null;
  readonly message?: string | null;
}

/** Counts node runs that go out, or (-1) that are out no more: their place is free. */
export const countOut = <Work>(draft: Draft<Work>, node: number, change: 1 | -1): void => {
  const spec = draft.index.graph.nodes[node]!;
  if (!takesPlace(spec)) return;
  draft.run.running += change;
  if (spec.group !== null) draft.groups[spec.group]!.running += change;
};

/** Moves the cursor of a `sequential` group over members that have ended; the member it stops at may start. */
export const moveCursor = <Work>(draft: Draft<Work>, group: number): void => {
  const { members } = draft.index.graph.groups[group]!;
  let { cursor } = draft.groups[group]!;
  for (; cursor < members.length; cursor += 1) {
    const member = nodeOf(draft, members[cursor]!);
    if (member === null) return;
    if (!isTerminal(member.state)) {
      draft.candidates.add(members[cursor]!);
      break;
    }
  }
  draft.groups[group]!.cursor = cursor;
};

const tellDependents = <Work>(draft: Draft<Work>, node: number, as: ReturnType<typeof countsAs>): void => {
  for (const dependent of draft.index.dependents[node]!) {
    const child = nodeOf(draft, dependent);
    if (child === null) continue;
    child.parents = { ...child.parents, [as]: child.parents[as] + 1 };
    draft.changed.add(dependent);
    draft.unsettled.push(dependent);
  }
  draft.unsettled.push(...draft.index.readers[node]!);
};

const followGroup = <Work>(draft: Draft<Work>, node: number): void => {
  const { group } = draft.index.graph.nodes[node]!;
  if (group === null || !draft.index.graph.groups[group]!.inOrder) return;
  if (draft.index.graph.groups[group]!.members[draft.groups[group]!.cursor] === node)
    moveCursor(draft, group);
};

/** Ends a node: counts it, and tells the nodes that need it. */
export const finish = <Work>(draft: Draft<Work>, node: number, of: DraftNode, end: NodeEnd): void => {
  of.state = end.state;
  of.reason = end.reason;
  of.message = end.message ?? null;
  draft.changed.add(node);
  draft.candidates.delete(node);
  if (node < draft.index.ordinary) {
    draft.run.open -= 1;
    if (countsAs(of) === 'failed') draft.run.failures += 1;
  } else {
    draft.run.openFinal -= 1;
  }
  tellDependents(draft, node, countsAs(of));
  followGroup(draft, node);
};
