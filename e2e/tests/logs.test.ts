import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { followToEnd } from '../harness/follow.ts';
import { kubectl } from '../harness/kubectl.ts';
import { type KubernetesInstallation, serveOnKubernetes } from '../harness/kubernetes-installation.ts';

let installation: KubernetesInstallation;

beforeAll(async () => {
  installation = await serveOnKubernetes();
});
afterAll(() => installation.close());

const submit = async (script: string): Promise<string> => {
  const { jobs } = await installation.client.submitJobs({
    image: 'busybox',
    command: ['sh', '-c', script],
  });
  return jobs[0]!.id;
};

const podIsGone = (job: string): Promise<true> =>
  eventually(`the end of the pod of ${job}`, 90, async () => {
    const selector = `job-orchestrator.io/job-id=${job}`;
    const pods = await kubectl([
      'get',
      'pods',
      '-n',
      installation.namespace.name,
      '-l',
      selector,
      '-o',
      'name',
    ]);
    return pods.trim() === '' ? true : null;
  });

const lines = 2_500;
const lineBytes = 8_192;
const longLines = `
  line=$(head -c ${lineBytes - 1} /dev/zero | tr '\\0' x)
  i=0; while [ $i -lt ${lines} ]; do echo "$line"; i=$((i+1)); done
  echo the very end`;

it('20 MB of long lines: a follower hears of every hole, and the last bytes are kept after the pod', async () => {
  const job = await submit(longLines);
  const heard = await followToEnd(installation.client, job);
  expect(heard.last).toMatchObject({ kind: 'end', state: 'completed' });
  expect(heard.end).toMatch(/x\nthe very end\n$/);
  const whole = lines * lineBytes + 'the very end\n'.length;
  if (heard.gaps === 0) expect(heard.bytes).toBe(whole);
  await podIsGone(job);
  const stored = await installation.client.readLog(job);
  expect(stored.text).toMatch(/x\nthe very end\n$/);
  expect(stored).toMatchObject({ truncated: true, extent: 'at_least' });
  expect(stored.text.length).toBe(65_536);
  const late = await followToEnd(installation.client, job);
  expect(late).toMatchObject({ bytes: 65_536, gaps: 1 });
});

/** Takes `get pods/log` from the executor: the third of the rules that the harness grants. */
const takeRightToLogs = (): Promise<string> => {
  const { name } = installation.namespace;
  const patch = JSON.stringify([
    { op: 'test', path: '/rules/2/resources/0', value: 'pods/log' },
    { op: 'remove', path: '/rules/2' },
  ]);
  return kubectl(['patch', 'role', 'job-orchestrator', '-n', name, '--type', 'json', '-p', patch]);
};

it('without the right to logs, reader and follower are told so, once', async () => {
  await takeRightToLogs();
  const job = await submit('echo never seen; sleep 2');
  const heard = await followToEnd(installation.client, job);
  expect(heard.last).toMatchObject({ kind: 'end', state: 'completed' });
  const { text } = await installation.client.readLog(job);
  expect(text).toMatch(/^\(This log cannot be read: .*"pods\/log".* is forbidden: .*\)\n$/);
  expect(heard.bytes).toBe(Buffer.byteLength(text));
});
