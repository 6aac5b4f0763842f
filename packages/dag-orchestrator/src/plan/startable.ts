import type { DagGraph, GraphGroup, NodeProgress } from '@job-orchestrator/types';
import { takesPlace } from './graph-index.ts';
import { itemRoom } from './start.ts';

/** True for a group whose members may have to wait for one another. */
export const isLimited = ({ inOrder, maxParallel }: GraphGroup): boolean => inOrder || maxParallel !== null;

/** The group with a limit that a node stands in line for; null: none. */
export const gateOf = ({ nodes, groups }: DagGraph, node: number): number | null => {
  const spec = nodes[node]!;
  const group = spec.group === null ? undefined : groups[spec.group];
  return group !== undefined && isLimited(group) && (group.inOrder || takesPlace(spec)) ? spec.group : null;
};

/** True for a node that only the limits of its run or group, or a pause, keep from starting. */
export const isStartable = ({ nodes }: DagGraph, node: number, of: NodeProgress): boolean => {
  const spec = nodes[node]!;
  if (of.items === null) return of.state === 'ready';
  return (of.state === 'ready' || of.state === 'running') && !of.stopping && itemRoom(spec, of) > 0;
};
