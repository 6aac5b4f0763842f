import { freshDatabase, type FreshDatabase } from '@job-orchestrator/postgres/testing';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createTrial, type Trial } from './trial.ts';

/** Gives each test of a file a trial of its own, over one database that is fresh for the file. */
export const eachTrial = (use: (trial: Trial) => void): void => {
  let fresh: FreshDatabase;
  let trial: Trial;
  beforeAll(async () => {
    fresh = await freshDatabase();
  });
  beforeEach(() => {
    trial = createTrial(fresh.database);
    use(trial);
  });
  afterEach(() => trial.end());
  afterAll(() => fresh.close());
};
