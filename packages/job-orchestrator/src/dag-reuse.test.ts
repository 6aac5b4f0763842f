import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@job-orchestrator/client';
import type { DagRunDto, JsonObject, NodeRunDto } from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientOf, run, startDev, stopDev, until, type Finished, type Running } from './testing/cli.ts';

let dataDir = '';
let dev: Running;
let client: Client;
const jo = (...words: string[]): Promise<Finished> => run(dataDir, words);

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'jo-dag-reuse-'));
  dev = await startDev(dataDir);
  client = await clientOf(dataDir);
  await jo('image', 'add', 'pinned', `registry.example/sh@sha256:${'a'.repeat(64)}`);
});
afterAll(async () => {
  await stopDev(dev);
  await rm(dataDir, { recursive: true, force: true });
});

const shell = (line: string): JsonObject => ({ command: ['sh', '-c', line] });

const apply = async (name: string, nodes: JsonObject, more: JsonObject = {}): Promise<void> => {
  await client.applyDag({ name, defaults: { image: 'pinned' }, nodes, ...more });
};

const ended = async (id: string, state: string): Promise<string> => {
  await until(`${id} to be ${state}`, async () => (await client.getDagRun(id)).state === state);
  return id;
};

const described = async (id: string): Promise<DagRunDto & { nodes: NodeRunDto[] }> =>
  JSON.parse((await jo('describe', 'run', id, '-o', 'json')).stdout) as DagRunDto & { nodes: NodeRunDto[] };

describe('a node with cache', () => {
  const line =
    'echo "{\\"n\\":7}" > "$JOB_ORCHESTRATOR_OUTPUT"; echo hello > "$(dirname "$JOB_ORCHESTRATOR_OUTPUT")/note.txt"';
  const nodes = {
    sum: { ...shell(line), cache: true, outputs: { n: { type: 'integer' } } },
    next: { ...shell('test "$N" = 7'), needs: ['sum'], env: { N: '${{ nodes.sum.outputs.n }}' } },
  };

  test('runs once: afterwards its result and its files are there, and everything says so', async () => {
    await apply('cached', nodes);
    const first = await ended((await jo('dag', 'run', 'cached')).stdout.trim(), 'completed');
    const watched = await jo('dag', 'run', 'cached', '--watch');
    expect(watched.code).toBe(0);
    expect(watched.stdout).toMatch(new RegExp(`completed sum .*cached from run ${first.slice(-8)}`));
    const [second] = (await client.listDagRuns({ dag: 'cached' })).items;
    const {
      nodes: [sum, next],
    } = await described(second!.id);
    expect(sum).toMatchObject({
      reason: 'cached',
      keptFrom: first,
      jobId: (await described(first)).nodes[0]!.jobId,
    });
    expect(next).toMatchObject({ state: 'completed', reason: null, keptFrom: null });
    expect((await jo('describe', 'run', second!.id)).stdout).toMatch(
      /job [0-9a-f]{8} +cached from run .*its result was there/,
    );
    expect((await jo('outputs', sum!.jobId!)).stdout).toContain('note.txt');
    expect((await jo('dag', 'show', 'cached')).stdout).toContain('cache: true');
  });

  test('runs with --no-cache, at a start as at a rerun', async () => {
    await apply('uncached', nodes);
    const id = await ended((await jo('dag', 'run', 'uncached', '--no-cache')).stdout.trim(), 'completed');
    expect((await described(id)).nodes[0]).toMatchObject({ reason: null, keptFrom: null });
    const again = (await jo('dag', 'rerun', id, '--from', 'sum', '--no-cache')).stdout.trim();
    await ended(again, 'completed');
    expect((await described(again)).nodes[0]).toMatchObject({ reason: null, keptFrom: null });
    const hit = (await jo('dag', 'rerun', id, '--from', 'sum')).stdout.trim();
    await ended(hit, 'completed');
    expect((await described(hit)).nodes[0]).toMatchObject({ reason: 'cached', keptFrom: again });
  });

  test('whose image is not pinned is refused at the start: 2, the place, and what to do', async () => {
    await apply('loose', nodes, { defaults: { image: 'sh' } });
    const { code, stdout, stderr } = await jo('dag', 'run', 'loose');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('nodes.sum.cache');
    expect(stderr).toContain('job-orchestrator image add sh sh@sha256:DIGEST');
  });
});
