import { createHash } from 'node:crypto';
import type { DagGraph, JsonValue } from '@job-orchestrator/types';
import { canonicalJson } from './canonical-json.ts';

/**
 * The content of a graph as sha-256 (hex): equal when the DAG means the same, whatever the layout and comments of its
 * file, the order of keys, and whether it came as YAML, JSON or from the builder. Node by node, for the text of 100,000
 * nodes is 40 MB.
 */
export const graphDigest = ({ nodes, ...rest }: DagGraph): string => {
  const hash = createHash('sha256');
  hash.update(canonicalJson(rest as unknown as JsonValue));
  for (const node of nodes) hash.update(`\n${canonicalJson(node as unknown as JsonValue)}`);
  return hash.digest('hex');
};
