// The planner alone, in memory: what a run costs per node and edge, and one step of a wide graph.
import { createSimulation } from '../../packages/dag-orchestrator/dist/testing/simulation.js';
import { loadDag } from '../../packages/dag-orchestrator/dist/index.js';
import { indexGraph } from '../../packages/dag-orchestrator/dist/plan/graph-index.js';
import { planStep } from '../../packages/dag-orchestrator/dist/run/plan-step.js';
import { initialNode, initialRun } from '../../packages/operations/dist/index.js';
import { newDagRunId, newJobId } from '../../packages/types/dist/index.js';
import { median } from '../queue/statistics.mjs';
import { documentOf, edgesOf, layered, wide } from './shapes.mjs';

const graphOf = (nodes) => loadDag(documentOf('plan', nodes)).graph;

const expressions = {
  condition: () => ({ ok: true, value: true }),
  items: () => ({ ok: true, value: [] }),
  work: () => ({ ok: true, value: null }),
  nodeRunsOf: () => 1,
  outputProblem: () => null,
  outputs: () => ({ ok: true, value: {} }),
};

const endOf = ({ node }) => ({ node, item: null, state: 'completed', message: null, output: null });

/** Milliseconds that a whole run takes to plan: whatever was started ends before the next step. */
const planRun = (graph) => {
  const simulation = createSimulation(graph, expressions, { startsMost: Infinity, nodeRunsMost: Infinity });
  const before = performance.now();
  for (let ends = []; ;) {
    const { starts, run } = simulation.advance(ends);
    if (run.state === 'completed') return performance.now() - before;
    ends = starts.map(endOf);
  }
};

/** Microseconds per node and edge of a random layered graph of so many nodes, over about 100,000 nodes in all. */
const costAt = (count) => {
  const nodes = layered(count);
  const graph = graphOf(nodes);
  planRun(graph);
  const rounds = Math.max(3, Math.min(20, Math.round(100_000 / count)));
  const times = Array.from({ length: rounds }, () => planRun(graph));
  return (median(times) * 1_000) / (count + edgesOf(nodes));
};

/** As `putImage` stores it. */
const image = {
  name: 'noop',
  reference: 'localhost/noop:1',
  command: null,
  args: null,
  env: {},
  resources: null,
  labels: {},
  runAsUser: null,
};

const setup = {
  id: '00000000-0000-7000-8000-000000000000',
  project: 'default',
  dag: 'plan',
  version: 1,
  inputs: {},
  images: { noop: image },
  createdAt: new Date(),
  createdBy: 'bench',
};

/** What the step plans in which the root of a fan-out has ended: jobs made, without a database. Milliseconds. */
export const wideStep = (width) => {
  const graph = graphOf(wide(width));
  const index = indexGraph(graph);
  const root = { ...initialNode(), state: 'running' };
  const nodes = new Map(graph.nodes.map((_, node) => [node, node === 0 ? root : initialNode()]));
  const run = { ...initialRun(graph), state: 'running', running: 1 };
  const wishes = { paused: false, cancel: false, cancelFinal: false, overdue: false };
  const step = () => planStep({ setup, index, subDags: new Map() }, { newJobId, newDagRunId });
  const view = {
    run,
    wishes,
    ends: [endOf({ node: 0 })],
    nodes,
    outputs: new Map(),
    items: new Map(),
    startable: null,
    fullTopics: new Set(),
    approvals: [],
    now: Date.now(),
    otherNodeRuns: 0,
  };
  const times = Array.from({ length: 21 }, () => {
    const plan = step();
    const before = performance.now();
    const answer = plan(view, 0);
    const after = performance.now();
    if (answer.kind !== 'plan' || answer.plan.starts.length === 0) throw new Error('nothing was planned');
    return after - before;
  });
  return median(times);
};

export const measurePlanning = ({ width, most }) => {
  const [small, large] = [costAt(1_000), costAt(most)];
  return {
    figures: {
      plan_us_per_node_and_edge_at_1k: small,
      [`plan_us_per_node_and_edge_at_${most / 1_000}k`]: large,
      advance_ms_wide: wideStep(width),
    },
    ratios: { plan_slope: large / small },
  };
};
