import { countsAs, type TerminalDagRunState } from '@job-orchestrator/types';
import { nodeOf, type Draft } from './draft.ts';

/** The trigger rule of this node held, whatever came then. */
const ruleHeld = (state: string, reason: string | null): boolean =>
  state !== 'skipped' || reason === 'condition' || reason === 'empty';

/**
 * True when every failed node was handled: the trigger rule of a dependent held in spite of it, or of a dependent's
 * dependent through ones that were skipped as `upstream_failed`. Needs every node; indices are a topological order.
 */
export const allHandled = <Work>(draft: Draft<Work>): boolean => {
  const handled: boolean[] = [];
  for (let node = draft.index.ordinary - 1; node >= 0; node -= 1) {
    const of = nodeOf(draft, node)!;
    if (countsAs(of) !== 'failed') continue;
    handled[node] = draft.index.dependents[node]!.some((dependent) => {
      const { state, reason } = nodeOf(draft, dependent)!;
      return ruleHeld(state, reason) || (reason === 'upstream_failed' && handled[dependent] === true);
    });
    if (!handled[node]) return false;
  }
  return true;
};

/** How the ordinary nodes ended as a whole; null when that needs nodes that are not known yet. */
export const mainStateOf = <Work>(
  draft: Draft<Work>,
  knowsAll: () => boolean,
): TerminalDagRunState | null => {
  const { stopping, failures } = draft.run;
  if (stopping !== null) return stopping === 'cancelled' ? 'cancelled' : 'failed';
  if (failures === 0) return 'completed';
  if (!knowsAll()) return null;
  return allHandled(draft) ? 'completed' : 'failed';
};
