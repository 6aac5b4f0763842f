import type {
  AdvanceAnswer,
  AdvancePlan,
  DagRunId,
  NewChildRun,
  NewNodeWork,
  PlanRequest,
  PlanStep,
  PlanView,
  RunTopics,
  StoredRun,
} from '@job-orchestrator/types';
import type { Sql } from '../connection/sql.ts';
import { endApprovals, insertApprovals } from '../sql/dags/approvals.ts';
import { insertChildNodes, insertChildRuns, otherNodeRuns, type Children } from '../sql/dags/child-runs.ts';
import { takeMarks, type Mark } from '../sql/dags/due.ts';
import { lockRun } from '../sql/dags/lock-run.ts';
import { readApprovals, readChildEnds, readEnds } from '../sql/dags/read-ends.ts';
import * as read from '../sql/dags/read-step.ts';
import { copyNodeRuns, insertNodeRuns, markDue } from '../sql/dags/start-run.ts';
import { readReusedEnds } from '../sql/dags/reuse.ts';
import * as write from '../sql/dags/write-step.ts';
import { insertWithTopics } from '../sql/insert-jobs.ts';
import { runOn } from './insert-jobs.ts';
import { extendPast } from './extend-past.ts';
import { portionsOf } from './portions.ts';
import type { QueueDepths } from './queue-depths.ts';

/** Marks that one step takes: it bounds the outputs (262,144 bytes each) that are in memory at once. */
const marksAtOnce = 500;
/** Jobs, or runs, per statement. */
const jobsAtOnce = 1_000;
/** A plan asks at most so often: each round shows it four times as many generations. */
const roundsMost = 40;

type Plan = AdvancePlan<NewNodeWork>;

/** Adds what a plan asked for to what it was shown. */
const extend = async (sql: Sql, run: DagRunId, view: PlanView, request: PlanRequest): Promise<PlanView> => {
  const startable =
    request.startable.length > 0 ? await read.readStartable(sql, run, request) : view.startable;
  const wanted = [...request.nodes, ...(startable ?? [])].filter((node) => !view.nodes.has(node));
  const found = request.all
    ? await read.readAllNodes(sql, run)
    : wanted.length === 0
      ? new Map()
      : await read.readNodes(sql, run, wanted);
  const given = request.outputs.size > 0 ? await read.readOutputs(sql, run, request.outputs) : null;
  const items = new Map(view.items);
  for (const range of request.items) items.set(range.node, await read.readItems(sql, run, range));
  return {
    ...(await extendPast(sql, run, view, request)),
    nodes: new Map([...view.nodes, ...found]),
    outputs: new Map([...view.outputs, ...(given?.outputs ?? [])]),
    largeOutputs: new Map([...(view.largeOutputs ?? []), ...(given?.largeOutputs ?? [])]),
    items,
    startable,
    otherNodeRuns: request.otherNodeRuns ? await otherNodeRuns(sql, run) : view.otherNodeRuns,
  };
};

const planUntilKnown = async (sql: Sql, run: DagRunId, plan: PlanStep, first: PlanView): Promise<Plan> => {
  let view = first;
  for (let round = 0; round < roundsMost; round += 1) {
    const answer = plan(view, round);
    if (answer.kind === 'plan') return answer.plan;
    view = await extend(sql, run, view, answer.request);
  }
  throw new Error(`the plan of run ${run} was not complete after ${roundsMost} rounds`);
};

const insertJobs = async (sql: Sql, run: DagRunId, { starts }: Plan): Promise<void> => {
  const jobs = starts.flatMap(({ work }) => (work.kind === 'job' ? [work.job] : []));
  const context = { actor: 'dag', reason: `a node of DAG run ${run}` };
  for (const some of portionsOf(jobs, jobsAtOnce, ({ spec }) => spec))
    await insertWithTopics(runOn(sql), some, context);
};

/** A run of a sub-DAG that is a retry of an earlier one has nodes of its own, and what it keeps. */
const insertRetried = async (
  sql: Sql,
  of: Omit<Children, 'starts' | 'kept'>,
  start: Children['starts'][number],
): Promise<void> => {
  const { id, retry } = start.run;
  const { graph, parents, kept } = retry!;
  await insertChildRuns(sql, { ...of, starts: [start], kept });
  await insertNodeRuns(sql, { id, graph, parents, kept });
  await copyNodeRuns(sql, id, kept);
  await markDue(sql, id);
};

const insertChildren = async (sql: Sql, parent: DagRunId, { starts }: Plan): Promise<void> => {
  const byNode = new Map<number, { item: number | null; run: NewChildRun }[]>();
  for (const { node, item, work } of starts) {
    if (work.kind !== 'dag') continue;
    if (work.run.retry !== undefined) {
      await insertRetried(sql, { parent, node }, { item, run: work.run });
      continue;
    }
    const children = byNode.get(node) ?? [];
    children.push({ item, run: work.run });
    byNode.set(node, children);
  }
  for (const [node, children] of byNode) {
    for (const portion of portionsOf(children, jobsAtOnce, ({ run: { inputs } }) => inputs))
      await insertChildRuns(sql, { parent, node, starts: portion });
    const ids = children.map(({ run }) => run.id);
    await insertChildNodes(sql, ids);
  }
};

const askPeople = async (sql: Sql, run: DagRunId, { starts }: Plan): Promise<void> => {
  const questions = starts.flatMap(({ node, work }) => (work.kind === 'approval' ? [{ node, ...work }] : []));
  if (questions.length > 0) await insertApprovals(sql, run, questions);
};

const begin = async (sql: Sql, run: DagRunId, plan: Plan): Promise<void> => {
  await insertJobs(sql, run, plan);
  await insertChildren(sql, run, plan);
  await askPeople(sql, run, plan);
  if (plan.starts.length > 0) await write.recordStarts(sql, run, plan.starts);
};

const store = async (sql: Sql, run: DagRunId, plan: Plan, ordinary: number): Promise<void> => {
  const { nodes, expanded, itemEnds, itemsCancelled, approvalEnds, cancels } = plan;
  for (const node of expanded) await write.insertItems(sql, run, node);
  if (nodes.size > 0) await write.updateNodes(sql, run, nodes);
  if (itemEnds.length > 0) await write.recordItemEnds(sql, run, itemEnds);
  for (const items of itemsCancelled) await write.cancelItems(sql, run, items);
  if (approvalEnds.length > 0) await endApprovals(sql, run, approvalEnds);
  await begin(sql, run, plan);
  if (cancels.ordinary || cancels.final || cancels.nodes.length > 0) {
    const from = cancels.ordinary ? 0 : ordinary;
    const to = cancels.final ? 2 ** 31 - 1 : cancels.ordinary ? ordinary : from;
    await write.stopNodeRuns(sql, run, cancels.nodes, [from, to]);
  }
  await write.updateRun(sql, run, plan.run);
};

/** What is stored of an open run: its lock keeps steps away while all of it is read. */
export const inspectRun = async (sql: Sql, id: DagRunId): Promise<StoredRun | null> => {
  const locked = await lockRun(sql, id);
  if (locked === null || locked.ended) return null;
  return { run: locked.progress, nodes: await read.readAllNodes(sql, id) };
};

/** What a step did, and whether its run has more to do at once. */
export interface Step {
  readonly answer: AdvanceAnswer;
  readonly started: boolean;
  readonly cancels: boolean;
}

/** What keeps topics from overflowing; `topics` null: nobody said where the jobs go. */
interface Admission {
  readonly depths: QueueDepths;
  readonly topics: RunTopics | null;
}

const none: ReadonlySet<string> = new Set();

/** The topic that a run waits for: one is full, and something of the run could start if the limits let it. */
const heldBy = ({ run }: Plan, full: ReadonlySet<string>): string | null =>
  run.startable > 0 ? ([...full][0] ?? null) : null;

const nothing = (answer: AdvanceAnswer): Step => ({ answer, started: false, cancels: false });

/** What the marks stand for. Marks without a job or a sub-DAG are of people, who asked for something or
 * answered, or of a step that has more to do. */
const readMarked = async (sql: Sql, run: DagRunId, marks: readonly Mark[]) => {
  const jobs = marks.flatMap(({ jobId }) => (jobId === null ? [] : [jobId]));
  const children = marks.flatMap(({ childId }) => (childId === null ? [] : [childId]));
  const asked = jobs.length + children.length < marks.length;
  const jobEnds = jobs.length === 0 ? [] : await readEnds(sql, run, jobs);
  const childEnds = children.length === 0 ? [] : await readChildEnds(sql, run, children);
  const approvals = asked ? await readApprovals(sql, run) : [];
  const reusedEnds = asked ? await readReusedEnds(sql, run) : [];
  return { ends: [...jobEnds, ...childEnds, ...reusedEnds], approvals, asked };
};

/**
 * One step of a run, inside one transaction. The lock of the run comes first; the marks are taken by a second statement
 * and the states read by a third, each with a snapshot younger than the lock, so that every end whose mark was taken is
 * seen, and every end that is not seen leaves its mark for the next step.
 */
export const advanceRun = async (
  sql: Sql,
  run: DagRunId,
  plan: PlanStep,
  { depths, topics }: Admission,
): Promise<Step> => {
  const locked = await lockRun(sql, run);
  if (locked === null) return nothing('busy');
  const marks = await takeMarks(sql, run, marksAtOnce);
  if (marks.length === 0 || locked.ended) return nothing('idle');
  const { ends, approvals, asked } = await readMarked(sql, run, marks);
  if (ends.length === 0 && !asked) return nothing('idle');
  const fullTopics = topics === null ? none : await depths.full(sql, topics.project, topics.topics);
  const { progress, paused, cancel, cancelReason, cancelFinal, overdue, now } = locked;
  const view: PlanView = {
    run: progress,
    wishes: { paused, cancel, cancelReason, cancelFinal, overdue },
    ends,
    approvals,
    now,
    otherNodeRuns: null,
    nodes: new Map(),
    outputs: new Map(),
    items: new Map(),
    startable: null,
    fullTopics,
  };
  const planned = await planUntilKnown(sql, run, plan, view);
  await store(sql, run, planned, planned.ordinary);
  const held = heldBy(planned, fullTopics);
  if (held !== locked.heldTopic) await write.holdRun(sql, run, held);
  depths.spend(planned.starts.flatMap(({ work }) => (work.kind === 'job' ? [work.job] : [])));
  const reuses = planned.starts.some(({ work }) => work.kind === 'reuse');
  if (planned.again || reuses) await markDue(sql, run);
  const { cancels } = planned;
  return {
    answer: 'advanced',
    started: planned.starts.length > 0,
    cancels: cancels.ordinary || cancels.final || cancels.nodes.length > 0,
  };
};
