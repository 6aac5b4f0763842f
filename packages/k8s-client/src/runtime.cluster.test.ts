import { describe } from 'vitest';
import { runtimeConformance } from '@job-orchestrator/executor-core/testing';
import { installationId } from '@job-orchestrator/types';
import { createKubernetesRuntime } from './index.ts';
import { hasEnded } from './observe.ts';
import { decodePod } from './observe/decode.ts';
import { createTestNamespace } from './testing/cluster.ts';
import { silentLog } from './testing/silent-log.ts';

const installation = installationId('0190a000-0000-7000-8000-0000c0ffee01');
const image = process.env['E2E_COLLECTOR_IMAGE'];
// Without an address outputs come by receipt and log alone.
const collector = image === undefined ? null : { image, serviceUrl: null };

// A real cluster, with the rights of design §9 and no more: set KUBECONFIG to run it.
describe.skipIf(process.env['KUBECONFIG'] === undefined)('on a real cluster', () => {
  runtimeConformance('the Kubernetes runtime with minimal rights', async () => {
    const namespace = await createTestNamespace();
    const credentials = await namespace.minimal();
    const livingPods = async (attempt: string): Promise<number> => {
      const path = `/api/v1/namespaces/${namespace.name}/pods?labelSelector=job-orchestrator.io/attempt-id=${attempt}`;
      const answer = await namespace.api.json<{ items: unknown[] }>({ method: 'GET', path });
      if (answer.kind !== 'ok') throw new Error(answer.message);
      return answer.body.items.filter((pod) => !hasEnded(decodePod(pod))).length;
    };
    return {
      installation,
      makeRuntime: () =>
        createKubernetesRuntime({
          namespace: namespace.name,
          credentials,
          installation,
          log: silentLog,
          collector,
        }),
      capabilities: { outputs: collector !== null, inputs: true },
      timeoutMs: 40_000,
      spec: { imageReference: 'localhost/busybox:1' },
      dialect: { printInputs: 'cat "$JOB_ORCHESTRATOR_INPUT"', dieBySignal: 'exit 137' },
      countAlive: ({ attemptId }) => livingPods(attemptId),
      close: () => namespace.close(),
    };
  });
});
