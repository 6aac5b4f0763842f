import { systemClock } from '../system-clock.ts';
import { credentialsOf, type Context } from './parts.ts';

/** Takes outputs from collectors where `COLLECTOR_LISTEN` says so. Throws `invalid_configuration`. */
export const startCollectorListener = async (context: Context): Promise<void> => {
  const { config, closers, database, installation, log } = context;
  const { listen, limits } = config.collector;
  if (listen === null || config.runtime !== 'kubernetes') return;
  const { createCollectorListener } = await import('@job-orchestrator/api-server');
  const { createTokenReviewer } = await import('@job-orchestrator/k8s-client');
  const credentials = await credentialsOf(context);
  const { namespace } = config.kubernetes;
  const pods = createTokenReviewer({ credentials, namespace, clock: systemClock });
  closers.add('the reviewer of tokens', () => pods.close());
  const { outputs } = database;
  const listener = createCollectorListener({ outputs, installation, pods, limits, log });
  closers.add('the listener of collectors', () => listener.close());
  await listener.listen(listen);
};
