import type { DagRunDto, JsonObject, NodeRunDto } from '@job-orchestrator/types';
import { describe, expect, test } from 'vitest';
import { until, useDev } from './testing/cli.ts';

const dev = useDev(({ jo }) => jo('image', 'add', 'pinned', `registry.example/sh@sha256:${'a'.repeat(64)}`));
const { jo } = dev;

const shell = (line: string): JsonObject => ({ command: ['sh', '-c', line] });

const apply = async (name: string, nodes: JsonObject, more: JsonObject = {}): Promise<void> => {
  await dev.client.applyDag({ name, defaults: { image: 'pinned' }, nodes, ...more });
};

const ended = async (id: string, state: string): Promise<string> => {
  await until(`${id} to be ${state}`, async () => (await dev.client.getDagRun(id)).state === state);
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
    const [second] = (await dev.client.listDagRuns({ dag: 'cached' })).items;
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

describe('dag rerun with another input', () => {
  const env = { N: '${{ inputs.n }}' };
  const nodes = { a: { ...shell('test "$N" = 2 || exit 3'), env }, b: shell('true') };

  test('runs what reads it again, without the name of a node; a failed run names the log to read', async () => {
    await apply('corrected', nodes, { inputs: { n: { type: 'integer' } } });
    const failed = await jo('dag', 'run', 'corrected', '-i', 'n=1', '--watch');
    expect(failed.code).toBe(3);
    expect(failed.stderr).toMatch(/the log of the failed job: job-orchestrator logs [0-9a-f]{8}\n/);
    const plan = await jo('dag', 'retry', '@latest', '--dry-run');
    expect([plan.code, plan.stderr]).toEqual([
      0,
      '1 node runs again, 1 is kept\nnothing was started; start it: the same command without --dry-run\n',
    ]);
    expect(plan.stdout).toMatch(/^inputs {2}\{"n":1\}\n\nNODE +WILL +BEFORE +RUNS +NEEDS +WHY\n/);
    expect(plan.stdout).toMatch(/\na +run +failed .*failed before\n/);
    expect(plan.stdout).toMatch(/\nb +keep +completed /);
    const changed = await jo('dag', 'rerun', '@latest', '-i', 'n=2', '--dry-run', '-o', 'json');
    expect(JSON.parse(changed.stdout)).toMatchObject({
      inputs: { n: 2 },
      nodes: [{ again: 'failed before' }, { again: null }],
    });
    const good = await jo('dag', 'rerun', '@latest', '-i', 'n=2', '--watch');
    expect(good.code).toBe(0);
    expect(good.stderr).toContain('1 node runs again, 1 is kept\n');
    const same = await jo('dag', 'rerun', '@latest', '-i', 'n=2');
    expect([same.code, same.stderr]).toEqual([6, expect.stringContaining('no input that a node reads')]);
    const planned = await jo('dag', 'rerun', '@latest', '-i', 'n=2', '--dry-run');
    expect([planned.code, planned.stdout, planned.stderr]).toEqual([6, '', same.stderr]);
    expect((await jo('dag', 'rerun', '@latest', '-i', 'm=2')).stderr).toContain('inputs.m');
  });
});

describe('dag run --dry-run', () => {
  const inputs = { n: { type: 'integer' }, parts: { type: 'array', default: ['x', 'y'] } };
  const planned = {
    first: { ...shell('true'), when: 'inputs.n > 5' },
    parts: { ...shell('true'), forEach: '${{ inputs.parts }}' },
    ask: { approval: { message: 'Go on?' }, needs: ['parts'] },
    last: { ...shell('true'), needs: ['first', 'ask'], cache: true },
  };
  const counts = async () =>
    Promise.all([dev.client.listDagRuns({ dag: 'planned' }), dev.client.listImages()]).then((pages) =>
      pages.map(({ items }) => items.length),
    );

  test('tells what would run, in order, and writes nothing', async () => {
    await apply('planned', planned, { inputs });
    const before = await counts();
    const words = ['dag', 'run', 'planned', '--input', 'n=9', '--dry-run'];
    const { code, stdout, stderr } = await jo(...words);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^inputs {2}\{"parts":\["x","y"\],"n":9\}\n\nLEVEL +NODE +WILL +RUNS +NEEDS +WHY\n/,
    );
    expect(stdout).toMatch(/\n0 +first +run +pinned \(registry/);
    expect(stdout).toMatch(/\n0 +parts +run × 2 /);
    expect(stdout).toMatch(/\n1 +ask +run +a question to a person +parts/);
    expect(stdout).toMatch(/\n2 +last +run .*unless its result is there/);
    expect(stderr).toBe('nothing was started; start it: job-orchestrator dag run planned\n');
    expect((await jo(...words, '-o', 'name')).stdout).toBe('node/first\nnode/parts\nnode/ask\nnode/last\n');
    const json = JSON.parse((await jo(...words, '-o', 'json')).stdout) as JsonObject;
    expect(json).toMatchObject({
      dag: 'planned',
      version: 1,
      inputs: { n: 9, parts: ['x', 'y'] },
      refusals: [],
    });
    expect((await jo(...words, '-o', 'yaml')).stdout).toContain('refusals: []');
    const skipped = await jo('dag', 'run', 'planned', '-i', 'n=1', '--dry-run');
    expect(skipped.stdout).toMatch(/\n0 +first +skip .*its condition was false/);
    expect(skipped.stdout).toMatch(/\n2 +last +skip .*a node that it needs was skipped/);
    expect(await counts()).toEqual(before);
  });

  test('tells everything for which a start would be refused at once, with the exit code of the start', async () => {
    await jo('image', 'add', 'off', 'off:1');
    await jo('image', 'disable', 'off');
    const nodes = { a: { image: 'off', cache: true }, b: { profile: 'huge' }, c: { when: 'inputs.n > 1' } };
    await apply('refused', nodes, { inputs });
    const { code, stdout, stderr } = await jo('dag', 'run', 'refused', '-i', 'n=text', '--dry-run');
    expect(code).toBe(2);
    expect(stderr).toContain('nothing was started, and a start would be refused:');
    for (const part of [
      /inputs\.n: .*\[invalid_input\]/,
      /nodes\.a\.image: is disabled \(found: off\) \[image_disabled\]/,
      /nodes\.a\.cache: needs an image that is pinned .*\[invalid_input\]/,
      /nodes\.b\.profile: is not a profile.*\[profile_not_found\]/,
    ])
      expect(stderr).toMatch(part);
    expect(stdout).toMatch(/\n0 +c +depends /);
    await dev.client.applyDag({ name: 'off', defaults: { image: 'off' }, nodes: { a: {} } });
    expect((await jo('dag', 'run', 'off', '--dry-run')).code).toBe(6);
    expect((await jo('dag', 'run', 'off')).code).toBe(6);
    expect((await jo('dag', 'run', 'nobody', '--dry-run')).code).toBe(5);
  });

  test('an image that a start would register is not registered', async () => {
    await dev.client.applyDag({ name: 'unknown', defaults: { image: 'never-seen' }, nodes: { a: {} } });
    const { code, stdout } = await jo('dag', 'run', 'unknown', '--dry-run', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      images: [{ name: 'never-seen', reference: 'never-seen', registered: false, pinned: false }],
    });
    await expect(dev.client.getImage('never-seen')).rejects.toMatchObject({ code: 'image_not_found' });
  });
});
