import type { Fault } from '../fault.ts';
import type { NodeRead } from './expressions.ts';
import type { DagModel } from './model.ts';

/** A bit per target: as many as the bits of a number that JavaScript computes with. */
const lanes = 31;

const isDirect = ({ reader, target }: NodeRead, model: DagModel): boolean => {
  const [from, to] = [model.nodes[reader!]!, model.nodes[target]!];
  return from.needs.includes(target) || (from.final && !to.final);
};

/** Which nodes have which of `targets` among their ancestors, as bits: one walk in topological order. */
const descendantsOf = (targets: readonly number[], order: readonly number[], model: DagModel): Int32Array => {
  const own = new Map(targets.map((target, lane) => [target, 1 << lane]));
  const above = new Int32Array(model.nodes.length);
  for (const position of order)
    for (const need of model.nodes[position]!.needs)
      above[position] = above[position]! | above[need]! | (own.get(need) ?? 0);
  return above;
};

const groupByTarget = (reads: readonly NodeRead[]): ReadonlyMap<number, readonly NodeRead[]> => {
  const groups = new Map<number, NodeRead[]>();
  for (const read of reads) {
    const group = groups.get(read.target);
    if (group === undefined) groups.set(read.target, [read]);
    else group.push(read);
  }
  return groups;
};

const faultOf = ({ reader, target, fault }: NodeRead, model: DagModel): Fault => {
  const [from, to] = [model.nodes[reader!]!, model.nodes[target]!];
  const message = to.final
    ? `reads ${to.name}, which runs in \`finally\`, after this node`
    : `reads ${to.name}, which ${from.name} does not need, so it may not have ended: add ${to.name} to \`needs\``;
  return { ...fault, message };
};

/**
 * A node may read only what it needs, directly or through others: all else may still run. Direct needs are looked up;
 * the rest is found 31 targets a walk, so that 10,000 reads of far ancestors cost 323 walks, not 10,000.
 */
export function* checkAncestors(
  model: DagModel,
  reads: readonly NodeRead[],
  order: readonly number[],
): Generator<Fault> {
  const far = reads.filter((read) => read.reader !== null && !isDirect(read, model));
  const byTarget = groupByTarget(far);
  const targets = [...byTarget.keys()];
  for (let from = 0; from < targets.length; from += lanes) {
    const batch = targets.slice(from, from + lanes);
    const above = descendantsOf(batch, order, model);
    for (const [lane, target] of batch.entries())
      for (const read of byTarget.get(target)!)
        if ((above[read.reader!]! & (1 << lane)) === 0) yield faultOf(read, model);
  }
}

/** The DAG's outputs are evaluated when the ordinary nodes have ended: they cannot read final ones. */
export function* checkOutputReads(model: DagModel, reads: readonly NodeRead[]): Generator<Fault> {
  for (const { reader, target, fault } of reads)
    if (reader === null && model.nodes[target]!.final)
      yield {
        ...fault,
        message: `reads ${model.nodes[target]!.name}, which runs in \`finally\`, after the outputs are known`,
      };
}
