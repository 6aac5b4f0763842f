import { putImage, startRun, type OperationDeps } from '@job-orchestrator/operations';
import {
  closed,
  failure,
  isOrchestratorError,
  newDagRunId,
  newIncarnationId,
  newJobId,
  type AttemptWrite,
  type Database,
  type DagGraph,
  type DagRunId,
  type IncarnationId,
  type JsonObject,
  type LiveAttempt,
  type Logger,
  type NodeRunRecord,
} from '@job-orchestrator/types';
import { dagRules } from '../run/dag-rules.ts';
import { createDagOrchestrator, type DagOrchestrator } from '../run/orchestrator.ts';
import { createTestClock } from './test-clock.ts';

const context = { actor: 'tester', reason: 'a test' };
export const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** How a job ends: with an output, or failed. */
export type JobEnding = { readonly output: JsonObject } | 'failed' | null;

const writeOf = (attempt: LiveAttempt, ending: JobEnding): AttemptWrite => {
  const exit = {
    exitCode: 0,
    startedAt: new Date(),
    finishedAt: new Date(),
    failure: null,
    node: null,
    imageDigest: null,
  };
  const none = { ...exit, output: { kind: 'none' } } as const;
  if (ending === 'failed') {
    const why = failure('exit_code', 'it ended with 3');
    return closed(attempt.id, { kind: 'fail', failure: why, lost: false, exit: none }, null);
  }
  if (ending === null) return closed(attempt.id, { kind: 'succeed', exit: none }, null);
  const result = { text: JSON.stringify(ending.output), bytes: 2, digest: 'd' };
  const output = { kind: 'ready', result, files: [] } as const;
  return closed(attempt.id, { kind: 'succeed', exit: { ...exit, output } }, null);
};

const registration = {
  name: 'tester',
  runtimeKind: 'process',
  runtimeKey: 'test/folder',
  topics: null,
  maxRunning: 10_000,
  version: '0',
} as const;

/** An executor's lease: registered at the first beat. */
const createLease = (database: Database): (() => Promise<IncarnationId>) => {
  let owner: IncarnationId | null = null;
  return async () => {
    if (owner === null) {
      owner = newIncarnationId();
      await database.executors.register({ incarnation: owner, ...registration }, 'nonce', false);
    }
    await database.executors.beat(owner, 'nonce', 'nonce');
    return owner;
  };
};

/** Whose connection was killed too often in a row is told so; `instead` is for those who then ask again. */
export const ifKilled =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (isOrchestratorError(error) && error.code === 'database_unavailable') return instead;
    throw error;
  };

/** What tests of whole runs need: operations, an orchestrator, and an executor without a runtime. */
export const createHarness = (database: Database) => {
  const deps: OperationDeps = {
    database,
    newJobId,
    newDagRunId,
    dagRules,
    outputsSupported: true,
    autoRegisterImages: false,
  };
  const beat = createLease(database);
  const harness = {
    /** Stores a graph as it is, without a document: what is tested here is how graphs run. */
    apply: (graph: DagGraph) => {
      const { project, name } = graph;
      const digest = JSON.stringify(graph);
      return database.dags.apply({ project, name, digest, document: {}, graph }, context);
    },
    deps,
    orchestrator: (pollIntervalMs = 200): DagOrchestrator =>
      createDagOrchestrator({
        database,
        clock: createTestClock(),
        log: silent,
        newJobId,
        newDagRunId,
        pollIntervalMs,
      }),
    start: async (graph: DagGraph, inputs: JsonObject = {}): Promise<DagRunId> => {
      await putImage(deps, { name: 'busybox', reference: 'busybox:1' }, context);
      await harness.apply(graph);
      const { project, name } = graph;
      return (await startRun(deps, { project, name, version: null, inputs }, context)).id;
    },
    /** Claims jobs that wait, at most so many. */
    claim: async (limit = 100): Promise<readonly LiveAttempt[]> => {
      const me = await beat();
      return database.queue.claimJobs({ owner: me, runtimeKey: 'test/folder', topics: null, limit });
    },
    end: async (
      attempts: readonly LiveAttempt[],
      how: (attempt: LiveAttempt) => JobEnding,
    ): Promise<void> => {
      const me = await beat();
      await database.queue.applyWrites(
        me,
        attempts.map((attempt) => writeOf(attempt, how(attempt))),
      );
    },
    nodes: async (run: DagRunId): Promise<readonly NodeRunRecord[]> => {
      const all: NodeRunRecord[] = [];
      for (let after: string | null = null; ;) {
        const page = await database.dags.listNodeRuns(run, { after, limit: 500 });
        all.push(...page.items);
        if (page.next === null) return all;
        after = page.next;
      }
    },
    /** Runs until the run has ended: an executor that ends each job as `how` says. */
    finish: async (run: DagRunId, how: (attempt: LiveAttempt) => JobEnding = () => null) => {
      for (;;) {
        const found = await database.dags.getRun(run).catch(ifKilled(null));
        if (found !== null && found.finishedAt !== null) return found;
        const claimed = await harness.claim().catch(ifKilled([]));
        if (claimed.length > 0) await harness.end(claimed, how);
        else await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
  return harness;
};
