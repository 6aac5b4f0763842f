import { join } from 'node:path';

/** The environment as the process got it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where data lies when nobody says: the XDG data folder. */
export const defaultDataDir = (environment: Environment, homeDir: string): string =>
  join(environment['XDG_DATA_HOME'] || join(homeDir, '.local', 'share'), 'job-orchestrator');
