import { freshDatabase, freshEmbedded, type FreshDatabase } from '@job-orchestrator/postgres/testing';
import { createHarness } from './run-harness.ts';

/** For `describe.each`: each database by its name, and how a fresh one is opened. */
export const bothDatabases = [
  ['PostgreSQL', freshDatabase],
  ['PGlite', freshEmbedded],
] as const;

/** A fresh database with an orchestrator at work on it. */
export interface Orchestrated {
  readonly fresh: FreshDatabase;
  readonly harness: ReturnType<typeof createHarness>;
  close(): Promise<void>;
}

/** Opens a database and starts an orchestrator on it. */
export const orchestrated = async (open: () => Promise<FreshDatabase>): Promise<Orchestrated> => {
  const fresh = await open();
  const harness = createHarness(fresh.database);
  const orchestrator = harness.orchestrator();
  orchestrator.start();
  return {
    fresh,
    harness,
    close: async () => {
      await orchestrator.stop();
      await fresh.close();
    },
  };
};
