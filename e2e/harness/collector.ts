import { createHash } from 'node:crypto';
import { outputAudience, outputPath, writeDigestHeader, type JobDetail } from '@job-orchestrator/types';
import type { Environment } from './binary.ts';
import { freePort } from './free-port.ts';
import { kubectl } from './kubectl.ts';

/** The image of the output collector in this cluster; undefined where there is none. */
export const collectorImage = process.env['E2E_COLLECTOR_IMAGE'];
/** Where pods reach this machine: the bridge of e2e/cluster unless given. */
const hostAddress = process.env['E2E_HOST_ADDRESS'] ?? '10.88.0.1';

/** A listener of collectors: its address for this machine, and what API and executor are told of it. */
export const collectorSettings = async (): Promise<{
  readonly url: string;
  readonly environment: Environment;
}> => {
  const port = await freePort();
  return {
    url: `http://127.0.0.1:${port}`,
    environment: {
      OUTPUT_COLLECTOR_IMAGE: collectorImage ?? '',
      COLLECTOR_LISTEN: `0.0.0.0:${port}`,
      API_SERVICE_URL: `http://${hostAddress}:${port}`,
      LOG_LEVEL: 'debug',
    },
  };
};

/** A token of a pod as the kubelet would mount it; without `pod` it is bound to none. */
export const mintToken = async (namespace: string, audience: string, pod?: string): Promise<string> => {
  const bound = pod === undefined ? [] : ['--bound-object-kind', 'Pod', '--bound-object-name', pod];
  const args = ['create', 'token', 'default', '-n', namespace, '--audience', audience, ...bound];
  return (await kubectl(args)).trim();
};

/** The newest attempt of a job as its collector knows it. */
export const targetOf = (installation: string, job: JobDetail) => {
  const attempt = job.attempts.at(-1)?.number ?? 0;
  return { path: outputPath(job.id, attempt), audience: outputAudience(installation, job.id, attempt) };
};

/** Delivers as a collector does; returns the status and the code of the answer. */
export const put = async (url: string, token: string, text: string): Promise<[number, string]> => {
  const digest = createHash('sha256').update(text).digest('hex');
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'repr-digest': writeDigestHeader(digest),
  };
  const answer = await fetch(url, { method: 'PUT', headers, body: text });
  const { code = '' } = (await answer.json()) as { code?: string };
  return [answer.status, code];
};
