import type { ExpressionScope, JsonObject, NodeFacts, NodeOutputs } from '@job-orchestrator/types';
import { nodeOf, type Draft } from './draft.ts';
import { isTerminal } from './finish.ts';

/** The outputs of a node; those of items that end badly in this very step are stored, and are none all the same. */
const outputsOf = <Work>(draft: Draft<Work>, node: number): NodeOutputs | undefined => {
  const outputs = draft.view.outputs.get(node);
  if (!Array.isArray(outputs)) return outputs;
  const bad = draft.itemEnds.filter((end) => end.node === node && end.state !== 'completed');
  if (bad.length === 0) return outputs;
  const items = new Set(bad.map(({ item }) => item));
  return (outputs as readonly (JsonObject | null)[]).map((output, item) => (items.has(item) ? null : output));
};

/** What expressions may read of these nodes; null when it is not known yet. */
const factsOf = <Work>(draft: Draft<Work>, reads: readonly number[]): Record<string, NodeFacts> | null => {
  const facts: Record<string, NodeFacts> = {};
  let known = true;
  for (const read of reads) {
    const node = nodeOf(draft, read);
    const outputs = outputsOf(draft, read);
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
