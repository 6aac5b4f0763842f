import { orderOf, type Order } from '../compile/order.ts';
import type { Fault } from '../fault.ts';
import type { DagModel } from './model.ts';

const isSequential = ({ document }: DagModel, group: string | undefined): boolean =>
  group !== undefined &&
  document.groups !== undefined &&
  Object.hasOwn(document.groups, group) &&
  document.groups[group]!.mode === 'sequential';

/** Of each node: the member of its sequential group that stands before it. */
export const groupPredecessors = (model: DagModel): readonly (number | null)[] => {
  const last = new Map<string, number>();
  return model.nodes.map(({ node, final }, position) => {
    if (!isSequential(model, node.group)) return null;
    const key = `${final} ${node.group}`;
    const before = last.get(key) ?? null;
    last.set(key, position);
    return before;
  });
};

/** The order of the model's nodes by needs and sequential groups; a node that needs itself is told of elsewhere. */
export const orderOfModel = (model: DagModel): Order => {
  const before = groupPredecessors(model);
  return orderOf(
    model.nodes.map(({ needs }, position) => {
      const others = needs.filter((need) => need !== position);
      return before[position] === null ? others : [...others, before[position]!];
    }),
  );
};

/** A cycle longer than this is told by its beginning and its end. */
const mostShown = 12;

const told = (names: readonly string[]): string => {
  const all = [...names, names[0]!];
  if (all.length <= mostShown) return all.join(' → ');
  const hidden = all.length - mostShown;
  return [...all.slice(0, mostShown / 2), `… ${hidden} more …`, ...all.slice(-mostShown / 2)].join(' → ');
};

/** The cycle that forbids an order, as a path of "needs". */
export const cycleFault = (cycle: readonly number[], model: DagModel): Fault => {
  const names = cycle.map((position) => model.nodes[position]!.name);
  const [first, second] = cycle.map((position) => model.nodes[position]!);
  const index = first!.node.needs?.indexOf(second!.name) ?? -1;
  const group =
    index < 0 ? ` (${first!.name} stands after ${second!.name} in group ${first!.node.group})` : '';
  return {
    path: index < 0 ? [...first!.path, 'group'] : [...first!.path, 'needs', index],
    message: `is part of a cycle: ${told(names)}${group}`,
  };
};
