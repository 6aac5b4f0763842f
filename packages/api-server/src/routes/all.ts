import { approvalRoutes } from './approvals.ts';
import { backfillRoutes } from './backfills.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { dagRunEventRoutes } from './dag-run-events.ts';
import { dagRunRoutes } from './dag-runs.ts';
import { dagVersionRoutes } from './dag-versions.ts';
import { dagRoutes } from './dags.ts';
import { executorRoutes } from './executors.ts';
import { imageRoutes } from './images.ts';
import { jobEventRoutes } from './job-events.ts';
import { jobLogRoutes } from './job-logs.ts';
import { jobOutputRoutes } from './job-outputs.ts';
import { jobRoutes } from './jobs.ts';
import { profileRoutes } from './profiles.ts';
import type { Route } from './route.ts';
import { scheduleRoutes } from './schedules.ts';
import { secretBindingRoutes } from './secret-bindings.ts';
import { serverRoutes } from './server.ts';
import { topicRoutes } from './topics.ts';

/** Every route there is; a new one is added to the list of its resource. */
export const routes: readonly Route[] = [
  ...jobRoutes,
  ...jobEventRoutes,
  ...jobLogRoutes,
  ...jobOutputRoutes,
  ...deadLetterRoutes,
  ...dagRoutes,
  ...dagVersionRoutes,
  ...dagRunRoutes,
  ...dagRunEventRoutes,
  ...approvalRoutes,
  ...scheduleRoutes,
  ...backfillRoutes,
  ...imageRoutes,
  ...profileRoutes,
  ...secretBindingRoutes,
  ...topicRoutes,
  ...executorRoutes,
  ...serverRoutes,
];
