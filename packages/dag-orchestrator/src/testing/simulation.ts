import type {
  AdvancePlan,
  ApprovalFacts,
  DagGraph,
  JsonValue,
  NodeJobEnd,
  NodeProgress,
  PlanRequest,
  PlanView,
  RunWishes,
} from '@job-orchestrator/types';
import type { Expressions } from '../plan/expressions.ts';
import { indexGraph } from '../plan/graph-index.ts';
import { initialNode, initialRun } from '@job-orchestrator/operations';
import { planAdvance } from '../plan/plan-advance.ts';
import { gateOf, isStartable } from '../plan/startable.ts';
import type { Outcome } from './reference.ts';

/** Expressions whose values are the outcomes given: nothing is parsed. */
export const scriptedExpressions = (
  { nodes }: DagGraph,
  outcomes: readonly Outcome[],
): Expressions<string> => {
  const of = (name: string): Outcome => outcomes[nodes.findIndex((node) => node.name === name)]!;
  return {
    condition: ({ name }) => {
      const { condition } = of(name);
      return condition === 'error' ? { ok: false, message: 'no such key' } : { ok: true, value: condition };
    },
    whyFalse: ({ name }) => `${name} is off`,
    items: ({ name }) => ({ ok: true, value: of(name).items.map((_, item) => item) }),
    work: ({ name }, { item }) => ({ ok: true, value: `${name}:${JSON.stringify(item ?? null)}` }),
    nodeRunsOf: ({ kind }) => (kind === 'dag' ? 10 : 0),
    outputProblem: () => null,
    outputs: () => ({ ok: true, value: {} }),
  };
};

const noWishes: RunWishes = {
  paused: false,
  cancel: false,
  cancelReason: null,
  cancelFinal: false,
  overdue: false,
};

/** How long every approval of a simulated run waits; its clock begins at 0. */
export const approvalMs = 1_000;

/** What a simulated run has stored. */
interface Stored {
  readonly graph: DagGraph;
  readonly nodes: readonly NodeProgress[];
  readonly items: ReadonlyMap<number, readonly JsonValue[]>;
}

const startableOf = ({ graph, nodes }: Stored, { startable }: PlanRequest): number[] =>
  startable.flatMap(({ group, limit }) =>
    nodes
      .flatMap((node, at) => (gateOf(graph, at) === group && isStartable(graph, at, node) ? [at] : []))
      .slice(0, limit),
  );

/** Adds what the planner asked for to what it was shown. */
const showMore = (stored: Stored, view: PlanView, request: PlanRequest): PlanView => {
  const could = startableOf(stored, request);
  const wanted = request.all ? stored.nodes.keys() : [...request.nodes, ...could];
  const nodes = new Map(view.nodes);
  for (const node of wanted) nodes.set(node, stored.nodes[node]!);
  const outputs = new Map(view.outputs);
  for (const node of request.outputs) outputs.set(node, {});
  const items = new Map(view.items);
  for (const { node, from, count } of request.items) {
    const values = stored.items.get(node)!.slice(from, from + count);
    items.set(node, new Map(values.map((value, at) => [from + at, value])));
  }
  const startable = request.startable.length > 0 ? could : view.startable;
  // No other run is simulated.
  const otherNodeRuns = request.otherNodeRuns ? 0 : view.otherNodeRuns;
  return { ...view, nodes, outputs, items, startable, otherNodeRuns };
};

/** A run in memory: it stores plans as a database would, and shows the planner no more than it asks for. */
export const createSimulation = <Work>(
  graph: DagGraph,
  expressions: Expressions<Work>,
  { startsMost = 1_000, nodeRunsMost = 200_000 } = {},
) => {
  const index = indexGraph(graph);
  const facts = { id: 'run', dag: 'sample', version: 1, createdAt: '', createdBy: '', scheduledAt: null };
  const constants = { index, inputs: {}, facts, expressions, startsMost, nodeRunsMost };
  const nodes: NodeProgress[] = graph.nodes.map(initialNode);
  const items = new Map<number, readonly JsonValue[]>();
  const stored = { graph, nodes, items };
  const started: { node: number; item: number | null; work: Work }[] = [];
  const approvals = new Map<number, ApprovalFacts>();
  const state = { run: initialRun(graph), wishes: noWishes, asked: 0, shown: 0, now: 0 };

  const store = (plan: AdvancePlan<Work>): void => {
    state.run = plan.run;
    for (const [node, { state: at, reason, message, parents, items: counts, stopping }] of plan.nodes)
      nodes[node] = { state: at, reason, message, parents, items: counts, stopping };
    for (const { node, values } of plan.expanded) items.set(node, values);
    started.push(...plan.starts);
    for (const { node } of plan.starts)
      if (graph.nodes[node]!.kind === 'approval')
        approvals.set(node, { node, decision: null, expiresAt: state.now + approvalMs });
    for (const { node } of plan.approvalEnds) approvals.delete(node);
  };
  /** One step with these ends; returns the plan that was stored. */
  const advance = (ends: readonly NodeJobEnd[] = []): AdvancePlan<Work> => {
    let view: PlanView = {
      run: state.run,
      wishes: state.wishes,
      ends,
      approvals: [...approvals.values()],
      now: state.now,
      otherNodeRuns: null,
      nodes: new Map(),
      outputs: new Map(),
      items: new Map(),
      startable: null,
    };
    for (let round = 0; round < 50; round += 1) {
      const answer = planAdvance(constants, view, round);
      state.asked += 1;
      if (answer.kind === 'plan') {
        store(answer.plan);
        return answer.plan;
      }
      view = showMore(stored, view, answer.request);
      state.shown += answer.request.nodes.size;
    }
    throw new Error('the planner never had enough');
  };
  /** Somebody answers; the next step looks at it. */
  const answer = (node: number, decision: ApprovalFacts['decision']): void => {
    const asked = approvals.get(node);
    if (asked?.decision === null) approvals.set(node, { ...asked, decision });
  };
  return { graph, nodes, started, state, advance, answer };
};
