import type { NodePreview } from '@job-orchestrator/operations';
import { countsAs, type DagGraph, type NodeReason, type ParentCounts } from '@job-orchestrator/types';
import { verdictOf, type Verdict } from '../plan/trigger-rules.ts';

/** What is known of a node before its run. */
export interface KnownNode {
  /** The value of `when`; null: none, or not known yet. `error`: it has no value. */
  readonly condition: boolean | 'error' | null;
  /** True where `when` or `forEach` can only be evaluated later. */
  readonly open: boolean;
  /** How many items `forEach` gives; null: it has none, or that is not known yet. */
  readonly items: number | null;
  /** Why an expression has no value. */
  readonly message: string | null;
}

type Kind = keyof ParentCounts;
type Kinds = ReadonlySet<Kind>;

/** A node with all as what it may come to count. */
interface Foreseen {
  readonly preview: NodePreview;
  readonly kinds: Kinds;
}

const workKinds = ({ will, reason }: NodePreview): readonly Kind[] => {
  if (will === 'run') return ['completed'];
  if (will === 'open') return ['completed', 'skipped'];
  return [countsAs({ state: will === 'skip' ? 'skipped' : 'failed', reason })];
};

/**
 * The ways in which the parents may end together, as far as rules can tell them apart: they ask whether there is one of a
 * kind. Of the open parents every choice of kinds is taken, which may be more than can come.
 */
const countsOf = (parents: readonly Foreseen[]): readonly ParentCounts[] => {
  const sure = { completed: 0, failed: 0, skipped: 0 };
  const open = parents.filter(({ kinds }) => kinds.size > 1);
  for (const { kinds } of parents) if (kinds.size === 1) for (const kind of kinds) sure[kind] += 1;
  if (open.length === 0) return [sure];
  const possible = [...new Set(open.flatMap(({ kinds }) => [...kinds]))];
  const choices = Array.from({ length: 2 ** possible.length }, (_, bits) =>
    possible.filter((_kind, at) => (bits & (2 ** at)) !== 0),
  );
  return choices
    .filter(({ length }) => length > 0 && length <= open.length)
    .map((choice) => {
      const counts = { ...sure };
      for (const kind of choice) counts[kind] += 1;
      counts[choice[0]!] += open.length - choice.length;
      return counts;
    });
};

const skip = (reason: NodeReason): NodePreview => ({ will: 'skip', reason, items: null, message: null });

const ofWork = ({ condition, open, items, message }: KnownNode): NodePreview => {
  if (condition === 'error') return { will: 'fail', reason: 'expression', items: null, message };
  if (condition === false) return skip('condition');
  if (items === 0) return skip('empty');
  return { will: open ? 'open' : 'run', reason: null, items, message: null };
};

const open: NodePreview = { will: 'open', reason: null, items: null, message: null };

const foresee = (verdicts: readonly Verdict[], work: NodePreview): Foreseen => {
  const kinds = new Set(
    verdicts.flatMap((verdict) =>
      verdict.kind === 'skip' ? [countsAs({ state: 'skipped', reason: verdict.reason })] : workKinds(work),
    ),
  );
  const [first] = verdicts;
  const skips = verdicts.filter(({ kind }) => kind === 'skip').length;
  if (skips === verdicts.length && first?.kind === 'skip') return { preview: skip(first.reason), kinds };
  // Where its condition is false it does not run, whatever its rule says.
  return { preview: skips === 0 || work.will === 'skip' ? work : open, kinds };
};

/**
 * What will become of each node if everything that runs completes: it runs, it is skipped, it fails for want of a value,
 * or that is `open` until other nodes have ended. Pure; linear in nodes and edges.
 */
export const previewNodes = (
  { nodes }: DagGraph,
  known: (node: number) => KnownNode,
): readonly NodePreview[] => {
  const foreseen: Foreseen[] = [];
  for (const [node, { triggerRule, needs }] of nodes.entries()) {
    const counts = countsOf(needs.map((need) => foreseen[need]!));
    const verdicts = counts.map((of) => verdictOf(triggerRule, of, needs.length));
    foreseen.push(foresee(verdicts, ofWork(known(node))));
  }
  return foreseen.map(({ preview }) => preview);
};
