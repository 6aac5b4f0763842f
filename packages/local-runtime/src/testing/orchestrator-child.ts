// An orchestrator to be killed: ensures the launches that it is given, says `ready`, and lives on.
import { createSystemClock, unguarded } from '@job-orchestrator/executor-core/testing';
import type { AttemptLaunch, InstallationId } from '@job-orchestrator/types';
import { createProcessRuntime } from '../process-runtime.ts';
import { silentLog } from './sandbox.ts';

const { dataDir, installation, launches } = JSON.parse(process.argv[2] ?? '') as {
  dataDir: string;
  installation: InstallationId;
  launches: readonly AttemptLaunch[];
};

const runtime = createProcessRuntime({ dataDir, installation, log: silentLog, clock: createSystemClock() });
await runtime.start(() => undefined);
await Promise.all(launches.map((launch) => runtime.ensure(launch, unguarded)));
setInterval(() => undefined, 60_000);
process.stdout.write('ready\n');
