import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isTerminalJobState, type JobDetail } from '@job-orchestrator/types';
import type { Running } from '../harness/binary.ts';
import { collectorImage, collectorSettings, mintToken, put, targetOf } from '../harness/collector.ts';
import { eventually } from '../harness/eventually.ts';
import { kubectl } from '../harness/kubectl.ts';
import {
  createKubernetesInstallation,
  podImage,
  type KubernetesInstallation,
} from '../harness/kubernetes-installation.ts';

describe.skipIf(collectorImage === undefined)('outputs on Kubernetes', () => {
  let installation: KubernetesInstallation;
  let url: string;
  let api: Running;
  let executor: Running;
  let id: string;

  beforeAll(async () => {
    const settings = await collectorSettings();
    url = settings.url;
    installation = await createKubernetesInstallation(settings.environment);
    api = installation.start(['api']);
    executor = installation.start(['executor']);
    await installation.ready();
    id = (await installation.client.installation()).installation;
    await installation.client.putImage({ name: 'busybox', reference: podImage });
  });
  afterAll(() => installation.close());

  const submit = async (script: string, more: object = {}): Promise<string> => {
    const command = ['sh', '-c', script];
    const { jobs } = await installation.client.submitJobs({
      image: 'busybox',
      command,
      output: true,
      ...more,
    });
    return jobs[0]!.id;
  };
  const until = (job: string, what: string, fits: (found: JobDetail) => boolean): Promise<JobDetail> =>
    eventually(`${what} of ${job}`, 120, async () => {
      const found = await installation.client.getJob(job);
      return fits(found) ? found : null;
    });
  const ended = (job: string): Promise<JobDetail> =>
    until(job, 'the end', ({ state }) => isTerminalJobState(state));
  const running = (job: string): Promise<JobDetail> =>
    until(job, 'the start', ({ state, attempts }) => state === 'running' && attempts.length > 0);
  const podOf = async (job: string): Promise<string> => {
    const selector = `job-orchestrator.io/job-id=${job}`;
    const namespace = installation.namespace.name;
    return (await kubectl(['get', 'pods', '-n', namespace, '-l', selector, '-o', 'name']))
      .trim()
      .replace('pod/', '');
  };
  const write = (value: string): string =>
    `echo '${value}' > $JOB_ORCHESTRATOR_OUTPUT.tmp && mv $JOB_ORCHESTRATOR_OUTPUT.tmp $JOB_ORCHESTRATOR_OUTPUT`;
  const large =
    '{ printf \'"\'; head -c 200000 /dev/zero | tr "\\0" x; printf \'"\'; } > /tmp/o && cp /tmp/o $JOB_ORCHESTRATOR_OUTPUT.tmp && mv $JOB_ORCHESTRATOR_OUTPUT.tmp $JOB_ORCHESTRATOR_OUTPUT';

  it('are delivered to the API, small and large, before the job is completed', async () => {
    const jobs = await Promise.all([submit(write('{"words": 3}')), submit(large)]);
    const [small, big] = await Promise.all(jobs.map(ended));
    expect(small).toMatchObject({
      state: 'completed',
      attempt: 1,
      output: { value: { words: 3 }, bytes: 13 },
    });
    expect(big).toMatchObject({ state: 'completed', attempt: 1, output: { bytes: 200_002 } });
    for (const job of [small, big]) expect(api.log()).toContain(`"job":"${job?.id}"`);
    expect(api.log()).toContain('an output was delivered');
    const { items } = await installation.client.listEvents(small!.id);
    expect(items.map(({ kind }) => kind)).toContain('finalizing');
  });

  const several = `cd /output; echo '{"words": 3}' > result.json; echo 'a,b' > table.csv; printf '\\000\\377' > raw.bin
    echo '[1]' > more.json; echo half > late.csv.tmp`;
  const kept = async (job: string) => {
    const { items } = await installation.client.listOutputs(job);
    return Promise.all(
      items.map(async ({ name }) => [name, [...(await installation.client.readOutput(job, name))].length]),
    );
  };
  const all = [
    ['more.json', 4],
    ['raw.bin', 2],
    ['result.json', 13],
    ['table.csv', 4],
  ];

  it('may be several files, kept byte by byte; those without a result are outputs too', async () => {
    const jobs = await Promise.all([submit(several), submit('echo 1 > /output/only.txt')]);
    const [many, alone] = await Promise.all(jobs.map(ended));
    expect(many).toMatchObject({
      state: 'completed',
      attempt: 1,
      output: { value: { words: 3 }, bytes: 13 },
    });
    expect(await kept(jobs[0])).toEqual(all);
    const raw = await installation.client.readOutput(jobs[0], 'raw.bin');
    expect([...raw]).toEqual([0, 255]);
    expect(alone).toMatchObject({ state: 'completed', attempt: 1, output: null });
    expect(await kept(jobs[1])).toEqual([['only.txt', 2]]);
  });

  it.each([
    [
      'a link to the collector’s token',
      'ln -s /var/run/secrets/job-orchestrator/token /output/t.txt',
      /t\.txt is a symbolic link/,
    ],
    [
      '1,000 files beside the result',
      'i=0; while [ $i -lt 1000 ]; do : > /output/$i; i=$((i+1)); done',
      /has 1001 files; the limit is 100/,
    ],
    ['JSON that is none', 'echo "{" > /output/model.json', /model\.json is not valid JSON/],
  ])('are refused for %s, with the reason', async (_, script, message) => {
    const retry = { infrastructureRetries: 0 };
    const found = await ended(await submit(`${write('1')}; ${script}`, { retry }));
    expect(found).toMatchObject({ state: 'failed', failure: { reason: 'output_invalid' }, output: null });
    expect(found.failure?.message).toMatch(message);
    expect(await kept(found.id)).toEqual([]);
  });

  it('of a program that failed are not kept, and a promised output that was not written is a failure at once', async () => {
    const jobs = await Promise.all([submit(`${write('1')}; exit 3`), submit('true')]);
    const [failed, silent] = await Promise.all(jobs.map(ended));
    expect(failed).toMatchObject({
      state: 'failed',
      exitCode: 3,
      output: null,
      failure: { reason: 'exit_code' },
    });
    expect(silent).toMatchObject({ state: 'failed', exitCode: 0, failure: { reason: 'output_missing' } });
  });

  it('are accepted once, from the pod of the attempt, while it is open', async () => {
    const [job, other] = await Promise.all([submit(`${write('1')}; sleep 20`), submit('sleep 60')]);
    const [found] = await Promise.all([running(job), running(other)]);
    const { name } = installation.namespace;
    const { path, audience } = targetOf(id, found);
    const [own, foreign] = await Promise.all([podOf(job), podOf(other)]);
    const deliver = async (text: string, pod: string | undefined, forWhom = audience) =>
      put(`${url}${path}`, await mintToken(name, forWhom, pod), text);
    expect(await deliver('1\n', foreign)).toEqual([403, 'output_foreign']);
    expect(await deliver('1\n', undefined)).toEqual([401, 'unauthorized']);
    expect(await deliver('1\n', own, 'https://kubernetes.default.svc')).toEqual([401, 'unauthorized']);
    expect(await deliver('1\n', own)).toEqual([201, '']);
    expect(await deliver('1\n', own)).toEqual([200, '']);
    expect(await deliver('2\n', own)).toEqual([409, 'output_already_accepted']);
    const late = await mintToken(name, audience, own);
    expect(await ended(job)).toMatchObject({ state: 'completed', output: { value: 1, bytes: 2 } });
    expect([401, 410]).toContain((await put(`${url}${path}`, late, '1\n'))[0]);
    await installation.client.cancelJob(other, { reason: 'no longer needed' });
  });

  it('above the limit are refused with both numbers, and not tried again for nothing', async () => {
    const job = await submit('head -c 300000 /dev/zero > $JOB_ORCHESTRATOR_OUTPUT');
    const found = await ended(job);
    expect(found).toMatchObject({ state: 'failed', attempt: 1, failure: { category: 'user_error' } });
    expect(found.failure?.message).toBe('The output has 300000 bytes; the limit is 262144.');
  });

  it('of a program that answers an eviction with 0 are no success: it runs again', async () => {
    const script = `[ $JOB_ORCHESTRATOR_ATTEMPT = 1 ] || { ${write('2')}; exit 0; }; ${write('1')}; trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done`;
    const job = await submit(script);
    await running(job);
    const [pod, namespace] = [await podOf(job), installation.namespace.name];
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } };
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
    await kubectl(['create', '--raw', path, '-f', '-'], JSON.stringify(eviction));
    const found = await ended(job);
    expect(found).toMatchObject({ state: 'completed', attempt: 2, output: { value: 2 } });
    expect(found.attempts[0]?.failure).toMatchObject({
      category: 'infrastructure',
      reason: 'suspect_success',
    });
  });

  it('are delivered while no executor lives, and the next one completes their job', async () => {
    const job = await submit(`sleep 3; ${large}`);
    await running(job);
    await executor.end('SIGKILL');
    const delivered = new RegExp(`"job":"${job}".*an output was delivered`);
    await eventually('its delivery', 60, async () => delivered.test(api.log()));
    executor = installation.start(['executor']);
    expect(await ended(job)).toMatchObject({ state: 'completed', attempt: 1, output: { bytes: 200_002 } });
  });

  it('reach their job while the API is down, small ones by the receipt, large ones by the log', async () => {
    const jobs = await Promise.all([
      submit(`sleep 4; ${write('"small"')}`),
      submit(`sleep 4; ${large}`),
      submit(`sleep 4; ${several}; head -c 9000 /dev/urandom > noise.bin`),
    ]);
    await Promise.all(jobs.map(running));
    await api.end('SIGTERM');
    await eventually('no pod is left', 60, async () =>
      (await Promise.all(jobs.map(podOf))).every((pod) => pod === ''),
    );
    api = installation.start(['api']);
    await installation.ready();
    const [small, big, many] = await Promise.all(jobs.map(ended));
    expect(many).toMatchObject({ state: 'completed', attempt: 1, output: { value: { words: 3 } } });
    expect(await kept(jobs[2])).toEqual([all[0], ['noise.bin', 9_000], ...all.slice(1)]);
    expect(small).toMatchObject({ state: 'completed', attempt: 1, output: { value: 'small' } });
    expect(big).toMatchObject({ state: 'completed', attempt: 1, output: { bytes: 200_002 } });
  });
});
