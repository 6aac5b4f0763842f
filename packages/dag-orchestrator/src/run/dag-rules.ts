import type { DagRules } from '@job-orchestrator/operations';
import { graphDigest } from '../compile/digest.ts';
import { loadDag } from '../compile/load.ts';
import { inputReads, outputInputs } from '../expressions/input-reads.ts';
import { knownNode } from '../preview/known-nodes.ts';
import { previewNodes } from '../preview/preview-nodes.ts';
import { scheduleRules } from '../schedule/schedule-rules.ts';
import { completeInputs } from '../values/check-values.ts';

/** The rules of definitions, as the operations ask for them. */
export const dagRules: DagRules = {
  compile: (document) => {
    const { graph } = loadDag(document);
    return { graph, digest: graphDigest(graph) };
  },
  completeInputs: ({ inputs }, given) => completeInputs(inputs, given),
  preview: (graph, inputs) => previewNodes(graph, (node) => knownNode(graph.nodes[node]!, inputs)),
  inputReads,
  outputInputs,
  schedules: scheduleRules,
};
