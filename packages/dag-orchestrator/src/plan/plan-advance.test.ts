import type { NodeJobEnd } from '@job-orchestrator/types';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkRun } from './check-run.ts';
import { indexGraph } from './graph-index.ts';
import { graphOf, jobNode } from '../testing/graphs.ts';
import { randomRuns } from '../testing/random-graphs.ts';
import { reference, type Outcome } from '../testing/reference.ts';
import { approvalMs, createSimulation, scriptedExpressions } from '../testing/simulation.ts';
import { isTerminal } from './finish.ts';
import type { DagGraph } from '@job-orchestrator/types';

type Simulation = ReturnType<typeof createSimulation<string>>;

const endOf = (outcomes: readonly Outcome[], node: number, item: number | null): NodeJobEnd => ({
  node,
  item,
  state: outcomes[node]!.items[item ?? 0]!,
  message: null,
  output: null,
});

type Out = readonly { readonly node: number; readonly item: number | null }[];

const isApproval = ({ graph }: Simulation, node: number): boolean => graph.nodes[node]!.kind === 'approval';

/** Answers an approval as its outcome says; true where nobody does. */
const answer = (simulation: Simulation, outcomes: readonly Outcome[], node: number): boolean => {
  const [outcome] = outcomes[node]!.items;
  if (outcome === 'cancelled') return true;
  const how = outcome === 'completed' ? 'approved' : 'rejected';
  simulation.answer(node, { answer: how, by: 'ann', note: null });
  return false;
};

/** Ends what was picked. An approval that nobody answers takes its time, in which all others are answered or not. */
const endPicked = (
  simulation: Simulation,
  outcomes: readonly Outcome[],
  picked: Out,
  left: Out,
): { readonly ends: readonly NodeJobEnd[]; readonly left: Out } => {
  const asked = (of: Out) => of.filter(({ node }) => isApproval(simulation, node));
  const unanswered = asked(picked).filter(({ node }) => answer(simulation, outcomes, node));
  const ends = picked
    .filter(({ node }) => !isApproval(simulation, node))
    .map(({ node, item }) => endOf(outcomes, node, item));
  if (unanswered.length === 0) return { ends, left };
  for (const { node } of asked(left)) answer(simulation, outcomes, node);
  simulation.state.now += approvalMs;
  return { ends, left: left.filter(({ node }) => !isApproval(simulation, node)) };
};

/** Runs to the end: each step takes some of the jobs that are out, as `pick` says, and looks at the run before and after. */
const runAll = (
  simulation: Simulation,
  outcomes: readonly Outcome[],
  pick: (out: number) => readonly number[],
  look: (out: Out) => void = () => undefined,
): void => {
  let out: Out = [];
  const step = (ends: readonly NodeJobEnd[]): void => {
    let plan = simulation.advance(ends);
    out = [...out, ...plan.starts];
    for (; plan.again; out = [...out, ...plan.starts]) plan = simulation.advance();
    // What an approval waited for when its run was stopped, nobody need answer any more.
    out = out.filter(
      ({ node }) => !isApproval(simulation, node) || simulation.nodes[node]!.state === 'running',
    );
    look(out);
  };
  step([]);
  for (let steps = 0; out.length > 0; steps += 1) {
    if (steps > 1_000) throw new Error('the run does not end');
    const picked = new Set(pick(out.length));
    const rest = out.filter((_, at) => !picked.has(at));
    const { ends, left } = endPicked(
      simulation,
      outcomes,
      out.filter((_, at) => picked.has(at)),
      rest,
    );
    out = left;
    step(ends);
  }
};

const picks = fc.infiniteStream(fc.nat(1_000));
const oneByOne = (stream: Iterator<number>) => (out: number) => [stream.next().value! % out];
const inBatches = (stream: Iterator<number>) => (out: number) =>
  Array.from({ length: 1 + (stream.next().value! % out) }, () => stream.next().value! % out);
const everything = (out: number) => [...Array(out).keys()];
const statesOf = ({ nodes }: Simulation) => nodes.map(({ state, reason }) => ({ state, reason }));

const simulate = (graph: DagGraph, outcomes: readonly Outcome[], startsMost?: number) =>
  createSimulation(
    graph,
    scriptedExpressions(graph, outcomes),
    startsMost === undefined ? {} : { startsMost },
  );

test('stepping in any order of events, one by one or in batches, ends as the reference says', () => {
  fc.assert(
    fc.property(randomRuns(), picks, fc.boolean(), ({ graph, outcomes }, stream, batches) => {
      const simulation = simulate(graph, outcomes, batches ? 3 : undefined);
      const source = stream[Symbol.iterator]();
      runAll(simulation, outcomes, batches ? inBatches(source) : oneByOne(source));
      const expected = reference(graph, outcomes);
      expect(statesOf(simulation)).toEqual(expected.ends);
      expect(simulation.state.run).toMatchObject({
        state: expected.state,
        open: 0,
        openFinal: 0,
        running: 0,
      });
    }),
    { numRuns: 2_000 },
  );
});

test('what a run counts along the way is what a count from scratch says', () => {
  fc.assert(
    fc.property(randomRuns(), picks, ({ graph, outcomes }, stream) => {
      const simulation = simulate(graph, outcomes);
      runAll(simulation, outcomes, oneByOne(stream[Symbol.iterator]()), (out) => {
        const { run } = simulation.state;
        const places = out.filter(({ node }) => !isApproval(simulation, node));
        expect(run.running).toBe(places.length);
        const open = simulation.nodes.map(
          ({ state }, node) => !isTerminal(state) && !graph.nodes[node]!.final,
        );
        expect(run.open).toBe(open.filter(Boolean).length);
        run.groups.forEach(({ running }, group) =>
          expect(running).toBe(places.filter(({ node }) => graph.nodes[node]!.group === group).length),
        );
      });
    }),
    { numRuns: 500 },
  );
});

test('no node starts before its rule holds, every node ends, and no job is started twice', () => {
  fc.assert(
    fc.property(randomRuns(), picks, ({ graph, outcomes }, stream) => {
      const simulation = simulate(graph, outcomes);
      const seen = new Set<string>();
      runAll(simulation, outcomes, oneByOne(stream[Symbol.iterator]()), () => {
        for (const { node } of simulation.started.filter(
          ({ node: of, item }) => !seen.has(`${of} ${item}`),
        )) {
          const { needs, triggerRule, reads, final } = graph.nodes[node]!;
          const ended = (of: number) => isTerminal(simulation.nodes[of]!.state);
          if (['all_success', 'all_done', 'all_failed', 'none_failed', 'none_skipped'].includes(triggerRule))
            expect(needs.every(ended)).toBe(true);
          expect(reads.every(ended)).toBe(true);
          if (final) expect(graph.nodes.every((of, at) => of.final || ended(at))).toBe(true);
        }
        for (const { node, item } of simulation.started) seen.add(`${node} ${item}`);
      });
      expect(simulation.nodes.every(({ state }) => isTerminal(state))).toBe(true);
      const names = simulation.started.map(({ node, item }) => `${node} ${item}`);
      expect(new Set(names).size).toBe(names.length);
    }),
    { numRuns: 500 },
  );
});

test('limits hold at every step: of the run, of groups, of items, and the order of sequential groups', () => {
  fc.assert(
    fc.property(randomRuns(), picks, ({ graph, outcomes }, stream) => {
      const simulation = simulate(graph, outcomes);
      runAll(simulation, outcomes, oneByOne(stream[Symbol.iterator]()), (out) => {
        const places = out.filter(({ node }) => !isApproval(simulation, node));
        expect(places.length).toBeLessThanOrEqual(graph.maxParallel ?? Infinity);
        for (const [node, { forEach }] of graph.nodes.entries())
          expect(out.filter((of) => of.node === node).length).toBeLessThanOrEqual(
            forEach?.maxParallel ?? Infinity,
          );
        for (const { members, maxParallel, inOrder } of graph.groups) {
          const of = inOrder ? out : places;
          const running = of.filter(({ node }) => members.includes(node)).map(({ node }) => node);
          if (!inOrder) expect(running.length).toBeLessThanOrEqual(maxParallel ?? Infinity);
          else if (running[0] !== undefined) {
            expect(new Set(running).size).toBe(1);
            const before = members.slice(0, members.indexOf(running[0]));
            expect(before.every((member) => isTerminal(simulation.nodes[member]!.state))).toBe(true);
          }
        }
      });
    }),
    { numRuns: 500 },
  );
});

test('with failFast a run ends, failed if any node failed, and its final nodes are settled', () => {
  fc.assert(
    fc.property(randomRuns({ failFast: true }), picks, ({ graph, outcomes }, stream) => {
      const simulation = simulate(graph, outcomes);
      runAll(simulation, outcomes, oneByOne(stream[Symbol.iterator]()));
      const states = statesOf(simulation);
      expect(states.every(({ state }) => isTerminal(state))).toBe(true);
      const failed = states.some(({ state }, node) => state === 'failed' && !graph.nodes[node]!.final);
      if (failed) expect(simulation.state.run).toMatchObject({ stopping: 'fail_fast', state: 'failed' });
    }),
    { numRuns: 500 },
  );
});

test('a run cancelled at any step ends cancelled once its jobs have; only its final nodes start after that', () => {
  fc.assert(
    fc.property(randomRuns(), picks, fc.nat(10), ({ graph, outcomes }, stream, at) => {
      const simulation = simulate(graph, outcomes);
      let steps = 0;
      let startedBefore = Infinity;
      runAll(simulation, outcomes, oneByOne(stream[Symbol.iterator]()), () => {
        steps += 1;
        if (steps !== at || simulation.state.run.phase === 'final') return;
        simulation.state.wishes = { ...simulation.state.wishes, cancel: true };
        startedBefore = simulation.started.length;
      });
      const after = simulation.started.slice(startedBefore);
      if (simulation.state.run.phase === 'main') simulation.advance();
      expect(after.every(({ node }) => graph.nodes[node]!.final)).toBe(true);
      expect(simulation.nodes.every(({ state }) => isTerminal(state))).toBe(true);
      if (startedBefore < Infinity) expect(simulation.state.run.state).toBe('cancelled');
    }),
    { numRuns: 500 },
  );
});

test('a paused run starts nothing, and goes on where it stood', () => {
  fc.assert(
    fc.property(randomRuns(), ({ graph, outcomes }) => {
      const simulation = simulate(graph, outcomes);
      simulation.state.wishes = { ...simulation.state.wishes, paused: true };
      expect(simulation.advance().starts).toEqual([]);
      simulation.state.wishes = { ...simulation.state.wishes, paused: false };
      runAll(simulation, outcomes, everything);
      expect(statesOf(simulation)).toEqual(reference(graph, outcomes).ends);
    }),
    { numRuns: 500 },
  );
});

test('after every step of a run, its counters and the ends of parents are what they are from scratch', () => {
  fc.assert(
    fc.property(randomRuns(), picks, ({ graph, outcomes }, stream) => {
      const simulation = simulate(graph, outcomes);
      const index = indexGraph(graph);
      runAll(simulation, outcomes, oneByOne(stream[Symbol.iterator]()), () => {
        expect(checkRun(index, simulation.state.run, simulation.nodes)).toEqual([]);
      });
    }),
    { numRuns: 500 },
  );
});

test('a count that is wrong is told, and a node that waits although its rule is decided', () => {
  const graph = graphOf([jobNode('a'), jobNode('b', [0])]);
  const simulation = simulate(
    graph,
    graph.nodes.map(() => ({ condition: true, items: ['completed'] as const })),
  );
  simulation.advance();
  const lost = simulation.nodes.map((of, node) => (node === 0 ? { ...of, state: 'completed' as const } : of));
  expect(checkRun(indexGraph(graph), simulation.state.run, lost)).toEqual([
    {
      place: 'the parents of b',
      stored: '0 completed, 0 failed, 0 skipped',
      counted: '1 completed, 0 failed, 0 skipped',
    },
    { place: 'b', stored: 'waiting', counted: 'ready' },
    { place: 'open', stored: 2, counted: 1 },
    { place: 'running', stored: 1, counted: 0 },
  ]);
});
