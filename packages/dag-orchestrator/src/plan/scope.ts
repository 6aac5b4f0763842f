import type { ExpressionScope, NodeFacts } from '@job-orchestrator/types';
import { nodeOf, type Draft } from './draft.ts';
import { isTerminal } from './finish.ts';

/** What expressions may read of these nodes; null when it is not known yet. */
const factsOf = <Work>(draft: Draft<Work>, reads: readonly number[]): Record<string, NodeFacts> | null => {
  const facts: Record<string, NodeFacts> = {};
  let known = true;
  for (const read of reads) {
    const node = nodeOf(draft, read);
    const outputs = draft.view.outputs.get(read);
    if (node === null) known = false;
    else if (isTerminal(node.state)) {
      const { kind } = draft.index.graph.nodes[read]!;
      const answered = kind === 'approval' && node.state === 'failed';
      const gaveOutputs = node.state === 'completed' || node.items !== null || answered;
      if (gaveOutputs && outputs === undefined) {
        draft.missing.outputs.add(read);
        known = false;
      }
      const bytes = draft.view.largeOutputs?.get(read);
      facts[draft.index.graph.nodes[read]!.name] = {
        state: node.state,
        outputs: outputs ?? (node.items === null ? {} : []),
        ...(bytes === undefined ? {} : { outputsBytes: bytes }),
      };
    }
  }
  return known ? facts : null;
};

/** The scope of expressions that read these nodes; null when it is not known yet. */
export const scopeOf = <Work>(draft: Draft<Work>, reads: readonly number[]): ExpressionScope | null => {
  const nodes = factsOf(draft, reads);
  if (nodes === null) return null;
  return { inputs: draft.inputs, nodes, run: { ...draft.facts, state: draft.run.mainState } };
};
