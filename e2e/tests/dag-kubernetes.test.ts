import type { DagRunDto, JsonObject, NodeRunDto } from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectorImage, collectorSettings } from '../harness/collector.ts';
import {
  nodeRuns,
  runComplaints,
  startRun,
  storiesOfRun,
  untilRunEnded,
  type PlannedNode,
} from '../harness/dag.ts';
import { eventually } from '../harness/eventually.ts';
import { listAttemptJobs } from '../harness/kubectl.ts';
import {
  createKubernetesInstallation,
  podComplaints,
  podImage,
  untilNoPodRuns,
  type KubernetesInstallation,
} from '../harness/kubernetes-installation.ts';

const writes = (json: string): string =>
  `printf '%s' "${json}" > "$JOB_ORCHESTRATOR_OUTPUT.tmp"; mv "$JOB_ORCHESTRATOR_OUTPUT.tmp" "$JOB_ORCHESTRATOR_OUTPUT"`;

const once: PlannedNode = { endsAs: 'completed', attempts: 1 };
const skipped: PlannedNode = { endsAs: 'skipped', attempts: 0 };

describe.skipIf(collectorImage === undefined)('DAGs on Kubernetes', () => {
  let installation: KubernetesInstallation;

  beforeAll(async () => {
    const { environment } = await collectorSettings();
    installation = await createKubernetesInstallation({
      ...environment,
      EXECUTOR_BATCH_SIZE: '20',
      EXECUTOR_LAUNCH_RATE: '50',
    });
    installation.start(['serve']);
    await installation.ready();
    await installation.client.putImage({ name: 'busybox', reference: podImage });
  });
  afterAll(() => installation.close());

  const dag = (name: string, nodes: JsonObject, more: JsonObject = {}): JsonObject => ({
    name,
    defaults: { image: 'busybox' },
    nodes,
    ...more,
  });
  const ended = (run: string): Promise<DagRunDto> => untilRunEnded(installation.client, run, 180);
  const complaints = async (run: string, plan: Record<string, PlannedNode>): Promise<string[]> => {
    const nodes = await nodeRuns(installation.client, run);
    const stories = await storiesOfRun(installation.client, run);
    return [
      ...runComplaints(new Map(Object.entries(plan)), nodes, stories),
      ...podComplaints(installation.pods, stories),
    ];
  };

  it('fan out over what a pod wrote, and join what the pods of the items wrote', async () => {
    const nodes = {
      split: { run: writes('{\\"parts\\":[3,4,5]}'), outputs: { parts: { type: 'array' } } },
      square: {
        needs: ['split'],
        forEach: '${{ nodes.split.outputs.parts }}',
        run: `n=$(($N * $N)); ${writes('{\\"n\\":$n}')}`,
        env: { N: '${{ item }}' },
        outputs: { n: { type: 'integer' } },
      },
      sum: {
        needs: ['square'],
        run: `total=0; for n in $(echo "$ALL" | grep -o '[0-9]*'); do total=$((total + n)); done; ${writes('{\\"total\\":$total}')}`,
        env: { ALL: '${{ nodes.square.outputs.map(each, each.n) }}' },
        outputs: { total: { type: 'integer' } },
      },
    };
    const outputs = { total: '${{ nodes.sum.outputs.total }}' };
    const run = await startRun(installation.client, dag('fan', nodes, { outputs }));
    expect(await ended(run)).toMatchObject({ state: 'completed', outputs: { total: 50 } });
    const plan = { split: once, square: { ...once, attempts: 0 }, sum: once };
    const items = Object.fromEntries([0, 1, 2].map((item) => [`square[${item}]`, once]));
    expect(await complaints(run, { ...plan, ...items })).toEqual([]);
  });

  it('try a failed node again, skip what follows one that failed for good, and go on beside it', async () => {
    const nodes = {
      again: { run: '[ "$JOB_ORCHESTRATOR_ATTEMPT" = 2 ]', retry: { maxRetries: 1 } },
      after: { needs: ['again'], run: 'true' },
      bad: { run: 'exit 3' },
      child: { needs: ['bad'], run: 'true' },
      grandchild: { needs: ['child', 'after'], run: 'true' },
      mends: { needs: ['bad'], triggerRule: 'all_done', run: 'true' },
    };
    const run = await startRun(installation.client, dag('failing', nodes));
    // Nobody handles what was skipped after the failure, so the run failed, though one branch went on.
    expect((await ended(run)).state).toBe('failed');
    const plan = {
      again: { ...once, attempts: 2 },
      after: once,
      bad: { endsAs: 'failed', attempts: 1 },
      child: skipped,
      grandchild: skipped,
      mends: once,
    } as const;
    expect(await complaints(run, plan)).toEqual([]);
    const found = await nodeRuns(installation.client, run);
    expect(found.get('grandchild')?.reason).toBe('upstream_failed');
  });

  it('leave no pod behind when a run is cancelled', async () => {
    const nodes = {
      long: { forEach: [1, 2, 3, 4], run: 'exec sleep 3600' },
      never: { needs: ['long'], run: 'true' },
    };
    const run = await startRun(installation.client, dag('cancelled', nodes));
    const runs = (node: NodeRunDto): boolean => node.jobState === 'running';
    await eventually('four pods run', 90, async () => {
      const found = await nodeRuns(installation.client, run);
      return [...found.values()].filter(runs).length === 4;
    });
    expect((await installation.client.cancelDagRun(run)).answer).toBe('accepted');
    expect((await ended(run)).state).toBe('cancelled');
    await untilNoPodRuns(installation.namespace.name, 60);
    const cancelled = { endsAs: 'cancelled', attempts: 1 } as const;
    const items = Object.fromEntries([0, 1, 2, 3].map((item) => [`long[${item}]`, cancelled]));
    const plan = { long: { ...cancelled, attempts: 0 }, never: { ...cancelled, attempts: 0 } };
    expect(await complaints(run, { ...plan, ...items })).toEqual([]);
    await eventually('no Kubernetes Job of the run is left', 60, async () => {
      const left = await listAttemptJobs(installation.namespace.name);
      return left.length === 0;
    });
  });
});
